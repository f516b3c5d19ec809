-- One row per query/answer exchange; also per unanswered query, unasked answer, extra answer and malformed message.
CREATE TABLE IF NOT EXISTS transactions (
  ts               DateTime64(9, 'UTC') COMMENT 'query time; answer time where there is no query' CODEC(GCD, T64, ZSTD(1)),
  latency_ns       Int64 COMMENT 'nanoseconds from query to answer, below 0 where the answer was captured first; 0 where one of them is missing' CODEC(GCD, T64, ZSTD(1)),
  capture          LowCardinality(String) COMMENT 'captures.id',
  sensor           LowCardinality(String) COMMENT 'name of the sensor',
  frame            UInt64 COMMENT 'frame of the (first) query, from 1; 0 where there is none' CODEC(T64, ZSTD(1)),
  frame_gap        Int64 COMMENT 'frames from query to answer, 0 without an answer; read it through response_frame' CODEC(T64, ZSTD(1)),
  response_capture LowCardinality(String) COMMENT 'captures.id that response_frame lies in; the same as capture, but where the answer stands in a later file of one rotation',
  vlan             UInt16 COMMENT 'innermost 802.1Q id, 0 for none',
  vlan_outer       UInt16 COMMENT 'outermost 802.1Q id of a stack, 0 for none',
  tunnel           LowCardinality(String) COMMENT 'tunnel kind and id that carried it',
  client           IPv6 COMMENT 'who asked (IPv4 as ::ffff:a.b.c.d)',
  server           IPv6 COMMENT 'who was asked',
  client_port      UInt16 COMMENT 'port of the client' CODEC(ZSTD(3)),
  server_port      UInt16 COMMENT 'port of the server',
  transport        Enum8('tcp' = 6, 'udp' = 17) COMMENT 'udp or tcp',
  service          Enum8('dns' = 0, 'mdns' = 1, 'llmnr' = 2) COMMENT 'by port: dns, mdns, llmnr',
  id               UInt16 COMMENT 'message id' CODEC(NONE),
  opcode           Enum8('QUERY' = 0, 'IQUERY' = 1, 'STATUS' = 2, 'OPCODE3' = 3, 'NOTIFY' = 4, 'UPDATE' = 5, 'DSO' = 6, 'OPCODE7' = 7, 'OPCODE8' = 8, 'OPCODE9' = 9, 'OPCODE10' = 10, 'OPCODE11' = 11, 'OPCODE12' = 12, 'OPCODE13' = 13, 'OPCODE14' = 14, 'OPCODE15' = 15) COMMENT 'opcode mnemonic',
  qname            String COMMENT 'name asked: lower case, escaped, no trailing dot, . for the root, empty when unreadable' CODEC(ZSTD(3)),
  qname_raw        String COMMENT 'the name as sent, only where its letter case differs',
  qtype            LowCardinality(String) COMMENT 'type asked, mnemonic or TYPEnnn; empty when there is no question',
  qclass           LowCardinality(String) COMMENT 'class asked, mnemonic or CLASSnnn',
  domain           LowCardinality(String) COMMENT 'registrable domain by the public suffix list (ICANN and private); empty for a suffix itself',
  tld_listed       UInt8 COMMENT '1 when the public suffix list knows the suffix, 0 when the default rule made the domain',
  query_flags      UInt16 COMMENT 'second 16-bit word of the query header as sent',
  response_flags   UInt16 COMMENT 'second 16-bit word of the answer header as sent',
  rcode            LowCardinality(String) COMMENT 'extended response code, mnemonic or RCODEnnn; empty where there is no answer',
  query_bytes      UInt32 COMMENT 'DNS message size of the query',
  response_bytes   UInt32 COMMENT 'DNS message size of the answer' CODEC(T64, ZSTD(1)),
  match            Enum8('answered' = 0, 'unanswered' = 1, 'open' = 2, 'unsolicited' = 3, 'late' = 4, 'duplicate' = 5, 'conflict' = 6, 'wrong_id' = 7, 'wrong_port' = 8, 'wrong_question' = 9, 'wrong_server' = 10, 'malformed' = 11, 'unpaired' = 12) COMMENT 'verdict of the matcher',
  attempts         UInt16 COMMENT 'query messages this row stands for: 0 for an answer alone, more than 1 when retransmissions were merged',
  repeat_in_ttl    UInt8 COMMENT '1 when the same client asked the same server the same question inside the TTL it was given',
  tcp_followup     UInt8 COMMENT '1 when this exchange over TCP follows a truncated answer over UDP to the same question',
  edns_version     UInt8 COMMENT 'EDNS version of the query',
  edns_size        UInt16 COMMENT 'UDP payload size the query offers; 0 without EDNS',
  do               UInt8 COMMENT 'DNSSEC OK bit of the query',
  ecs              LowCardinality(String) COMMENT 'client subnet (RFC 7871) of the query, else of the answer',
  cookie           String COMMENT 'cookie option (RFC 7873) of the query, hexadecimal',
  edns_options     Array(UInt16) COMMENT 'option codes of the query',
  edns_option_text String COMMENT 'data of each of edns_options, a line each; read it through edns_option_data',
  response_edns_size UInt16 COMMENT 'UDP payload size the answer offers; 0 without EDNS',
  response_edns_options Array(UInt16) COMMENT 'option codes of the answer',
  response_edns_option_text String COMMENT 'data of each of response_edns_options, a line each; read it through response_edns_option_data',
  ede              Array(UInt16) COMMENT 'extended DNS error codes (RFC 8914)',
  ede_text         String COMMENT 'text of the first extended error that has one, escaped',
  rr               Nested(
    section        Enum8('question' = 0, 'answer' = 1, 'authority' = 2, 'additional' = 3, 'query_answer' = 5, 'query_authority' = 6, 'query_additional' = 7),
    owner          String,
    type           LowCardinality(String),
    class          LowCardinality(String),
    ttl            UInt32,
    data           String
  ) COMMENT 'records of the answer in message order, of the query in query_*; further questions as section question; without OPT. owner is empty where it is qname, a backslash where it cannot be read: read it through rr.name' CODEC(ZSTD(3)),
  class_top_bits   String COMMENT 'mDNS: what had the top bit of its class set, 0 the question, n the n-th of rr, with commas; read it through unicast_response and cache_flush',
  answer_digest    UInt64 COMMENT 'hash of rcode and answer section, free of order and TTL; 0 where there is no answer',
  query_ip_ttl     UInt8 COMMENT 'IP TTL or hop limit of the query packet',
  response_ip_ttl  UInt8 COMMENT 'IP TTL or hop limit of the answer packet',
  query_ip_id      UInt16 COMMENT 'IPv4 identification of the query packet' CODEC(NONE),
  response_ip_id   UInt16 COMMENT 'IPv4 identification of the answer packet' CODEC(NONE),
  fragments        UInt16 COMMENT 'IP fragments the messages came in; 0 for whole packets',
  anomaly_bits     UInt64 COMMENT 'what is wrong with the messages, a bit each; read it through anomalies',
  raw              String COMMENT 'first 512 bytes of a malformed message',
  ingested         Date DEFAULT today() COMMENT 'day of ingest; retention counts from here, never from packet time',
  response_ts      DateTime64(9, 'UTC') ALIAS if(frame_gap = 0, toDateTime64(0, 9, 'UTC'), ts + toIntervalNanosecond(latency_ns)) COMMENT 'answer time; 1970 where there is no answer',
  latency_us       UInt32 ALIAS toUInt32(least(greatest(intDiv(latency_ns + 500, 1000), 0), 4294967295)) COMMENT 'microseconds from query to answer; 0 where one of them is missing',
  response_frame   UInt64 ALIAS multiIf(frame_gap = 0, 0, frame_gap = -9223372036854775808, frame, frame + frame_gap) COMMENT 'frame of the answer; 0 where there is none',
  `rr.name`        Array(String) ALIAS arrayMap(owner -> multiIf(owner = '', qname, owner = '\\', '', owner), `rr.owner`) COMMENT 'owner names of the records, beside the other arrays of rr',
  qr               UInt8 ALIAS frame_gap != 0 COMMENT '1 when the row holds an answer',
  aa               UInt8 ALIAS bitTest(flags, 10) COMMENT 'authoritative answer',
  tc               UInt8 ALIAS bitTest(flags, 9) COMMENT 'truncated',
  rd               UInt8 ALIAS bitTest(flags, 8) COMMENT 'recursion desired',
  ra               UInt8 ALIAS bitTest(flags, 7) COMMENT 'recursion available',
  z                UInt8 ALIAS bitTest(flags, 6) COMMENT 'reserved bit',
  ad               UInt8 ALIAS bitTest(flags, 5) COMMENT 'authentic data',
  cd               UInt8 ALIAS bitTest(flags, 4) COMMENT 'checking disabled',
  flags            UInt16 ALIAS if(frame_gap != 0, response_flags, query_flags) COMMENT 'header flags of the answer, of the query where there is none',
  edns_option_data Array(String) ALIAS if(empty(edns_options), [], splitByChar('\n', edns_option_text)) COMMENT 'data of each of edns_options: as its RFC or dig shows it, hexadecimal for unknown codes, padding as its length, \\# LENGTH HEX when malformed or longer than 512 bytes; empty where ecs or cookie holds it',
  response_edns_option_data Array(String) ALIAS if(empty(response_edns_options), [], splitByChar('\n', response_edns_option_text)) COMMENT 'data of each of response_edns_options, likewise; cookie as CLIENT+SERVER, without CLIENT where it is the query''s; empty where cookie, ecs, ede and ede_text hold it',
  unicast_response UInt8 ALIAS startsWith(class_top_bits, '0') COMMENT 'mDNS: the question wants its answer by unicast (RFC 6762 section 5.4)',
  cache_flush      Array(UInt8) ALIAS arrayMap(place -> has(splitByChar(',', class_top_bits), toString(place)), arrayEnumerate(rr.section)) COMMENT 'mDNS, beside rr: the record replaces what caches hold (RFC 6762 section 10.2); for a further question as unicast_response',
  nsid             String ALIAS response_edns_option_data[indexOf(response_edns_options, 3)] COMMENT 'name server identifier of the answer (RFC 5001), escaped',
  server_cookie    String ALIAS if(has(response_edns_options, 10) AND response_edns_option_data[indexOf(response_edns_options, 10)] = '', substring(cookie, 17), splitByChar('+', response_edns_option_data[indexOf(response_edns_options, 10)])[2]) COMMENT 'server cookie of the answer (RFC 7873), hexadecimal',
  padding          UInt16 ALIAS toUInt16OrZero(splitByChar(' ', edns_option_data[indexOf(edns_options, 12)])[1]) COMMENT 'bytes of padding in the query (RFC 7830)',
  response_padding UInt16 ALIAS toUInt16OrZero(splitByChar(' ', response_edns_option_data[indexOf(response_edns_options, 12)])[1]) COMMENT 'bytes of padding in the answer',
  keepalive_seconds Float32 ALIAS toFloat32OrZero(response_edns_option_data[indexOf(response_edns_options, 11)]) COMMENT 'idle timeout of the connection as the answer offers it (RFC 7828)',
  subdomain        String ALIAS if(empty(domain) OR length(qname) <= length(domain), '', substring(qname, 1, length(qname) - length(domain) - 1)) COMMENT 'what stands left of domain',
  anomalies        Array(String) ALIAS arrayMap(bit -> ['short-header', 'question-truncated', 'record-truncated', 'name-truncated', 'pointer-forward', 'pointer-loop', 'label-reserved', 'name-too-long', 'trailing-bytes', 'no-question', 'several-questions', 'rdata-malformed', 'opt-repeated', 'opt-misplaced', 'opt-malformed', 'ttl-high-bit', 'z-bit', 'opcode-unassigned', 'snapped', 'udp-length-mismatch', 'query-has-answers', 'case-mismatch', 'before-query', 'record-limit', 'fragment-overlap', 'fragment-conflict', 'fragment-missing', 'segment-conflict', 'segment-missing'][bit + 1], bitPositionsToArray(anomaly_bits)) COMMENT 'names of everything that is wrong with the messages',
  INDEX ts_range ts TYPE minmax GRANULARITY 1,
  INDEX qname_bloom qname TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX client_bloom client TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX server_bloom server TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX data_bloom rr.data TYPE bloom_filter(0.01) GRANULARITY 1,
  -- What each client asked, by name and by type, and what was asked of each domain in each hour, counted: in name order the rows of a client
  -- or of an hour are everywhere. Built when parts are merged, so that an insert pays nothing; read by views of the same names, client_names
  -- by client_domains as well.
  PROJECTION client_names (
    SELECT client, domain, qname, count(), sum(attempts), countIf(rcode = 'NXDOMAIN'), min(toStartOfHour(ts)), max(toStartOfHour(ts))
    GROUP BY client, domain, qname
  ),
  PROJECTION domain_hours (
    SELECT toStartOfHour(ts), domain, count(), sum(attempts), countIf(rcode = 'NXDOMAIN')
    GROUP BY toStartOfHour(ts), domain
  ),
  PROJECTION client_types (
    SELECT client, qtype, count(), sum(attempts), countIf(rcode = 'NXDOMAIN'), min(toStartOfHour(ts)), max(toStartOfHour(ts))
    GROUP BY client, qtype
  )
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(ingested)
ORDER BY (domain, qname, qtype, ts)
SETTINGS index_granularity = 16384, index_granularity_bytes = 33554432, default_compression_codec = 'ZSTD(1)', min_bytes_for_wide_part = 134217728, non_replicated_deduplication_window = 10000, materialize_projections_on_insert = 0, materialize_projections_on_merge = 1
