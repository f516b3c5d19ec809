// One record of every type that has a presentation form: its bytes, what they are, and the text, taken from the RFCs' examples where they have one.

/** RDATA in hex, piece by piece, and the text it must give. */
export interface RdataSample {
  type: string
  rdata: string[]
  text: string
  /** Other lengths of these bytes (up to one more than all of them) that are well-formed too, because the type has an open end. */
  alsoReadable?: number[]
}

const from = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** 'example.com' on the wire. */
const exampleCom = '07 6578616d706c65 03 636f6d 00'

export const rdataSamples: RdataSample[] = [
  { type: 'A', rdata: ['c0000201'], text: '192.0.2.1' },
  { type: 'NS', rdata: ['01 61', exampleCom], text: 'a.example.com' },
  { type: 'MD', rdata: ['01 61 00'], text: 'a' },
  { type: 'MF', rdata: ['01 61 00'], text: 'a' },
  { type: 'CNAME', rdata: ['03 577757', exampleCom], text: 'www.example.com' },
  {
    type: 'SOA', // RFC 1035 section 5.3
    rdata: [
      '06 56454e455241 03 495349 03 454455 00', // VENERA.ISI.EDU
      '0e 416374696f6e2e646f6d61696e73 03 495349 03 454455 00', // Action\.domains.ISI.EDU
      '00000014', // serial 20
      '00001c20', // refresh 7200
      '00000258', // retry 600
      '0036ee80', // expire 3600000
      '0000003c', // minimum 60
    ],
    text: 'venera.isi.edu action\\.domains.isi.edu 20 7200 600 3600000 60',
  },
  { type: 'MB', rdata: ['01 61 00'], text: 'a' },
  { type: 'MG', rdata: ['01 61 00'], text: 'a' },
  { type: 'MR', rdata: ['00'], text: '.' },
  {
    type: 'WKS',
    rdata: [
      'c0a80001', // address
      '06', // TCP
      'e005', // ports 0, 1, 2 and 13, 15
    ],
    text: '192.168.0.1 6 0 1 2 13 15',
    alsoReadable: from(5, 8),
  },
  { type: 'PTR', rdata: ['04 686f7374', exampleCom], text: 'host.example.com' },
  {
    type: 'HINFO',
    rdata: [
      '03 612062', // a b
      '06 633b64224078', // c;d"@x
    ],
    text: '"a b" "c;d\\"@x"',
  },
  { type: 'MINFO', rdata: ['01 61 00', '01 62 00'], text: 'a b' },
  {
    type: 'MX',
    rdata: [
      '000a', // preference
      '02 6d78', // mx
      exampleCom,
    ],
    text: '10 mx.example.com',
  },
  {
    type: 'TXT',
    rdata: [
      '09 6122625c633b6400ff', // a"b\c;d, 0, 255
      '00', // an empty string
      '01 20', // a space
    ],
    text: '"a\\"b\\\\c;d\\000\\255" "" " "',
    alsoReadable: [10, 11],
  },
  { type: 'RP', rdata: ['05 61646d696e 00', '00'], text: 'admin .' },
  { type: 'AFSDB', rdata: ['0001', '02 6462', exampleCom], text: '1 db.example.com' },
  { type: 'X25', rdata: ['0c 333131303631373030393536'], text: '"311061700956"' },
  {
    type: 'ISDN', // RFC 1183 section 3.2
    rdata: [
      '0f 313530383632303238303033323137', // 150862028003217
      '03 303034', // 004
    ],
    text: '"150862028003217" "004"',
    alsoReadable: [16],
  },
  { type: 'RT', rdata: ['0002', '05 72656c6179', exampleCom], text: '2 relay.example.com' },
  {
    type: 'NSAP', // RFC 1706 section 6
    rdata: ['47 0005 80 005a00 0000 0001 e133 ffffff000161 00'],
    text: '0x47000580005a0000000001e133ffffff00016100',
    alsoReadable: from(1, 21),
  },
  { type: 'NSAP-PTR', rdata: ['03 666f6f 00'], text: 'foo' },
  {
    type: 'SIG',
    rdata: [
      '0002', // covers NS
      '05 00', // RSASHA1, no labels
      '00000e10', // original TTL 3600
      '00000000', // expiration: 1970
      'ffffffff', // inception: the last second of 32 bits
      '002a', // key tag 42
      '00', // signer: the root
      '0102', // signature
    ],
    text: 'NS 5 0 3600 19700101000000 21060207062815 42 . AQI=',
    alsoReadable: [20, 22],
  },
  { type: 'KEY', rdata: ['c000', '03', '01'], text: '49152 3 1', alsoReadable: [5] },
  {
    type: 'PX', // RFC 2163 section 4
    rdata: [
      '000a', // preference
      '04 6e657432 02 6974 00', // net2.it
      '09 50524d442d6e657432 02 6974 00', // PRMD-net2.it
    ],
    text: '10 net2.it prmd-net2.it',
  },
  {
    type: 'GPOS', // RFC 1712 section 4
    rdata: [
      '08 2d33322e36383832', // longitude -32.6882
      '08 3131362e38363532', // latitude 116.8652
      '04 31302e30', // altitude 10.0
    ],
    text: '"-32.6882" "116.8652" "10.0"',
  },
  {
    type: 'AAAA', // RFC 3596
    rdata: ['4321 0000 0001 0002 0003 0004 0567 89ab'],
    text: '4321:0:1:2:3:4:567:89ab',
  },
  {
    type: 'LOC', // RFC 1876 section 4: 42 21 54 N 71 06 18 W -24m 30m
    rdata: [
      '00', // version
      '33', // size 30 m
      '16', // horizontal precision 10 km
      '13', // vertical precision 10 m
      '89172dd0', // latitude
      '70be15f0', // longitude
      '00988d20', // altitude
    ],
    text: '42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m',
  },
  {
    type: 'LOC', // RFC 1876 section 4, curtin.edu.au; sizes below a metre
    rdata: ['00 51 99 10', '791b7d28', '98e64868', '00989a6d'],
    text: '32 7 19.000 S 116 2 25.000 E 10.05m 0.50m 90000000m 0.01m',
  },
  {
    type: 'NXT', // RFC 2535 section 5.2
    rdata: [
      '06 6d656469756d 03 666f6f 03 6e696c 00', // medium.foo.nil
      '40010082', // A, MX, SIG, NXT
    ],
    text: 'medium.foo.nil A MX SIG NXT',
    alsoReadable: from(17, 21),
  },
  {
    type: 'SRV', // RFC 2782
    rdata: [
      '0000', // priority
      '0001', // weight
      '0009', // port
      '0c 6f6c642d736c6f772d626f78', // old-slow-box
      exampleCom,
    ],
    text: '0 1 9 old-slow-box.example.com',
  },
  {
    type: 'NAPTR', // RFC 3403 section 6.2, shortened
    rdata: [
      '0064', // order
      '0032', // preference
      '01 73', // flags s
      '08 687474702b49324c', // service http+I2L
      '07 21285b5c2e5d29', // regexp !([\.])
      '05 5f68747470', // replacement _http
      exampleCom,
    ],
    text: '100 50 "s" "http+I2L" "!([\\\\.])" _http.example.com',
  },
  { type: 'KX', rdata: ['0001', '02 6b78', exampleCom], text: '1 kx.example.com' },
  {
    type: 'CERT',
    rdata: [
      '0001', // PKIX
      '3039', // key tag
      '08', // RSASHA256
      '01020304', // certificate
    ],
    text: 'PKIX 12345 RSASHA256 AQIDBA==',
    alsoReadable: from(6, 10),
  },
  {
    type: 'CERT',
    rdata: ['ff78', '3039', 'fa', '010203'], // numbers without a mnemonic
    text: '65400 12345 250 AQID',
    alsoReadable: from(6, 9),
  },
  { type: 'DNAME', rdata: ['03 66524f', exampleCom], text: 'fro.example.com' },
  {
    type: 'APL', // RFC 3123 section 5
    rdata: [
      '0001 15 03 c0a820', // 1:192.168.32.0/21
      '0001 1c 83 c0a826', // !1:192.168.38.0/28
      '0002 08 01 ff', // 2:ff00::/8
    ],
    text: '1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8',
    alsoReadable: [7, 14],
  },
  {
    type: 'DS', // RFC 4034 section 5.4
    rdata: [
      'ec45', // key tag
      '05', // RSASHA1
      '01', // SHA-1
      '2bb183af5f22588179a53b0a98631fad1a292118',
    ],
    text: '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118',
  },
  {
    type: 'DS', // RFC 4509 section 2.3
    rdata: ['ec45 05 02', 'd4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a'],
    text: '60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A',
  },
  { type: 'CDS', rdata: ['0000 00 00 00'], text: '0 0 0 00', alsoReadable: [6] }, // RFC 8078
  { type: 'TA', rdata: ['0001 08 63 abcd'], text: '1 8 99 ABCD', alsoReadable: [5, 7] },
  { type: 'DLV', rdata: ['0001 08 63 abcd'], text: '1 8 99 ABCD', alsoReadable: [5, 7] },
  {
    type: 'SSHFP', // RFC 4255 section 3.2
    rdata: ['02 01', '123456789abcdef67890123456789abcdef67890'],
    text: '2 1 123456789ABCDEF67890123456789ABCDEF67890',
  },
  {
    type: 'IPSECKEY', // RFC 4025 section 3.2
    rdata: ['0a 01 02', 'c0000226', '0103 5153'],
    text: '10 1 2 192.0.2.38 AQNRUw==',
    alsoReadable: from(7, 12),
  },
  {
    type: 'IPSECKEY',
    rdata: ['0a 00 02', '010351'],
    text: '10 0 2 . AQNR',
    alsoReadable: from(3, 7),
  },
  {
    type: 'IPSECKEY',
    rdata: ['0a 03 02', '09 6d7967617465776179', exampleCom, '010351'],
    text: '10 3 2 mygateway.example.com AQNR',
    alsoReadable: from(26, 30),
  },
  {
    type: 'IPSECKEY',
    rdata: ['0a 02 02', '20010db8000080020000000020000001', '01'],
    text: '10 2 2 2001:db8:0:8002::2000:1 AQ==',
    alsoReadable: [19, 21],
  },
  {
    type: 'RRSIG', // RFC 4034 section 3.3, the signature cut short
    rdata: [
      '0001', // covers A
      '05', // RSASHA1
      '03', // labels
      '00015180', // original TTL 86400
      '3e7c9dd7', // expires 20030322173103
      '3e5510d7', // from 20030220173103
      '0a52', // key tag 2642
      exampleCom,
      'a090755ba58d', // signature
    ],
    text: 'A 5 3 86400 20030322173103 20030220173103 2642 example.com oJB1W6WN',
    alsoReadable: from(32, 38),
  },
  {
    type: 'NSEC', // RFC 4034 section 4.3
    rdata: [
      '04 686f7374', // host
      exampleCom,
      '00 06 400100000003', // A MX RRSIG NSEC
      '04 1b 000000000000000000000000000000000000000000000000000020', // TYPE1234
    ],
    text: 'host.example.com A MX RRSIG NSEC TYPE1234',
    alsoReadable: [26],
  },
  {
    type: 'DNSKEY',
    rdata: ['0100 03 05', '01030d22'],
    text: '256 3 5 AQMNIg==',
    alsoReadable: from(5, 9),
  },
  {
    type: 'DHCID', // RFC 4701 section 3.6.1
    rdata: ['0002 01', '636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40'],
    text: 'AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=',
    alsoReadable: from(1, 36),
  },
  {
    type: 'NSEC3', // RFC 5155 appendix A
    rdata: [
      '01', // SHA-1
      '01', // opt-out
      '000c', // 12 iterations
      '04 aabbccdd', // salt
      '14 174eb2409fe28bcb4887a1836f957f0a8425e27b', // next hash
      '00 07 22010000000290', // NS SOA MX RRSIG DNSKEY NSEC3PARAM
    ],
    text: '1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM',
    alsoReadable: [30],
  },
  {
    type: 'NSEC3PARAM',
    rdata: ['01 00 000c', '04 aabbccdd'],
    text: '1 0 12 AABBCCDD',
  },
  { type: 'NSEC3PARAM', rdata: ['01 00 0000', '00'], text: '1 0 0 -' },
  {
    type: 'TLSA', // RFC 6698 section 2.3
    rdata: ['00 00 01', 'd2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971'],
    text: '0 0 1 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971',
    alsoReadable: from(4, 36),
  },
  { type: 'SMIMEA', rdata: ['03 01 00', 'd2'], text: '3 1 0 D2', alsoReadable: [5] },
  {
    type: 'HIP', // RFC 8005 section 6, key and names cut short
    rdata: [
      '10', // tag length
      '02', // RSA
      '0003', // key length
      '200100107b1a74df365639cc39f1d578',
      '030100', // key
      '04 72767331 00', // rvs1
      '04 72767332 00', // rvs2
    ],
    text: '2 200100107B1A74DF365639CC39F1D578 AwEA rvs1 rvs2',
    alsoReadable: [23, 29],
  },
  { type: 'NINFO', rdata: ['01 61', '01 62'], text: '"a" "b"', alsoReadable: [2] },
  { type: 'TALINK', rdata: ['02 6830 00', '02 6832 00'], text: 'h0 h2' },
  { type: 'CDNSKEY', rdata: ['0000 03 00 00'], text: '0 3 0 AA==', alsoReadable: [6] }, // RFC 8078
  { type: 'OPENPGPKEY', rdata: ['01020304'], text: 'AQIDBA==', alsoReadable: from(1, 5) },
  {
    type: 'CSYNC', // RFC 7477 section 2.1.2
    rdata: ['00000042', '0003', '00 04 60000008'],
    text: '66 3 A NS AAAA',
    alsoReadable: [6],
  },
  {
    type: 'ZONEMD', // RFC 8976 appendix A.1
    rdata: [
      '7848b78c', // serial 2018031500
      '01', // SIMPLE
      '01', // SHA-384
      'c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9',
      'a9713b3c9ae5cc27777f98b8e730044c',
    ],
    text: '2018031500 1 1 C68090D90A7AED716BC459F9340E3D7C1370D4D24B7E2FC3A1DDC0B9A87153B9A9713B3C9AE5CC27777F98B8E730044C',
  },
  { type: 'SPF', rdata: ['06 763d73706631'], text: '"v=spf1"' },
  // RFC 6742 section 2; groups without leading zeros, as dig prints them.
  { type: 'NID', rdata: ['000a', '00144fffff20ee64'], text: '10 14:4fff:ff20:ee64' },
  { type: 'L32', rdata: ['000a', '0a010200'], text: '10 10.1.2.0' },
  { type: 'L64', rdata: ['000a', '20010db811401000'], text: '10 2001:db8:1140:1000' },
  { type: 'LP', rdata: ['000a', '03 6c3634', exampleCom], text: '10 l64.example.com' },
  { type: 'EUI48', rdata: ['00005e00532a'], text: '00-00-5e-00-53-2a' }, // RFC 7043 section 3.2
  { type: 'EUI64', rdata: ['00005eef1000002a'], text: '00-00-5e-ef-10-00-00-2a' },
  {
    type: 'TKEY',
    rdata: [
      '08 6773732d74736967 00', // gss-tsig
      '63f40bac', // inception
      '63f55d2c', // expiration
      '0003', // mode GSS-API
      '0011', // BADKEY
      '0003 010203', // key
      '0000', // no other data
    ],
    text: 'gss-tsig 1676938156 1677024556 3 BADKEY 3 AQID 0',
  },
  {
    type: 'TSIG',
    rdata: [
      '0b 686d61632d736861323536 00', // hmac-sha256
      '000054060ed2', // signed at 1409683154
      '012c', // fudge 300
      '0004 01020304', // MAC
      '25e7', // original id 9703
      '0012', // BADTIME
      '0006 000054060ed3', // the server's time
    ],
    text: 'hmac-sha256 1409683154 300 4 AQIDBA== 9703 BADTIME 6 AABUBg7T',
  },
  {
    type: 'URI', // RFC 7553 section 6.1
    rdata: [
      '000a', // priority
      '0001', // weight
      '6674703a2f2f6674 70312e22', // ftp://ftp1."
    ],
    text: '10 1 "ftp://ftp1.\\""',
    alsoReadable: from(4, 17),
  },
  {
    type: 'CAA', // RFC 8659 section 4.2
    rdata: [
      '80', // critical
      '05 6973737565', // issue
      '63612e6578616d706c653b20613d31', // ca.example; a=1
    ],
    text: '128 issue "ca.example; a=1"',
    alsoReadable: from(7, 23),
  },
  { type: 'AVC', rdata: ['03 613a62'], text: '"a:b"' },
  {
    type: 'DOA',
    rdata: ['00000000', '00000001', '02', '09 696d6167652f676966', '474946'],
    text: '0 1 2 "image/gif" R0lG',
    alsoReadable: from(19, 23),
  },
  { type: 'DOA', rdata: ['00000000 00000001 02 00'], text: '0 1 2 "" -', alsoReadable: [11] },
  { type: 'AMTRELAY', rdata: ['0a 01', 'cb00710f'], text: '10 0 1 203.0.113.15' }, // RFC 8777 section 4.3.2
  { type: 'AMTRELAY', rdata: ['0a 80'], text: '10 1 0 .' },
  {
    type: 'AMTRELAY',
    rdata: ['0a 02', '20010db8000000000000000000000015'],
    text: '10 0 2 2001:db8::15',
  },
  { type: 'AMTRELAY', rdata: ['80 83', '09 616d7472656c617973 00'], text: '128 1 3 amtrelays' },
  { type: 'EID', rdata: ['e32c6f78163a9348'], text: 'E32C6F78163A9348', alsoReadable: from(1, 9) },
  { type: 'NIMLOC', rdata: ['75234159eac457'], text: '75234159EAC457', alsoReadable: from(1, 8) },
  {
    type: 'ATMA', // an AESA
    rdata: ['00', '39246f000e7c9c031200010001000012345678 00'],
    text: '39246f000e7c9c03120001000100001234567800',
    alsoReadable: from(2, 22),
  },
  {
    type: 'ATMA', // an E.164 number
    rdata: ['01', '3132313235353530313030'],
    text: '+12125550100',
    alsoReadable: from(2, 11),
  },
  {
    type: 'A6', // RFC 2874 section 5.1.1: the lower half of a host's address
    rdata: ['40', '123456789abcdef0', '08 7375626e65742d31 03 697036 00'],
    text: '64 ::1234:5678:9abc:def0 subnet-1.ip6',
  },
  {
    type: 'A6', // RFC 2874 section 5.1.1: a whole address
    rdata: ['00', '2345 00c1 ca11 0001 1234 5678 9abc def0'],
    text: '0 2345:c1:ca11:1:1234:5678:9abc:def0',
  },
  { type: 'A6', rdata: ['80', '01 61 00'], text: '128 a' },
  {
    type: 'A6', // bits of the prefix do not count
    rdata: ['2f', 'ff 00 00 00 00 00 00 00 00 00 01', '01 61 00'],
    text: '47 0:0:1::1 a',
  },
  { type: 'SINK', rdata: ['08 00 02', '6869'], text: '8 0 2 aGk=', alsoReadable: from(3, 6) },
  { type: 'RKEY', rdata: ['0000 ff 0f', '0102'], text: '0 255 15 AQI=', alsoReadable: [5, 7] },
  {
    type: 'DSYNC', // RFC 9859 section 2
    rdata: ['003b 01 14ef', '0b 6364732d7363616e6e6572', '07 6578616d706c65 03 6e6574 00'],
    text: 'CDS NOTIFY 5359 cds-scanner.example.net',
  },
  { type: 'DSYNC', rdata: ['003e 80 0035', '00'], text: 'CSYNC 128 53 .' },
  { type: 'HHIT', rdata: ['83 01 02 03'], text: 'gwECAw==', alsoReadable: from(1, 5) },
  { type: 'BRID', rdata: ['a1 01 02'], text: 'oQEC', alsoReadable: from(1, 4) },
  { type: 'CLA', rdata: ['09 5443502d56342d7634'], text: '"TCP-V4-v4"' },
  { type: 'IPN', rdata: ['0000000000000c81'], text: '3201' },
  { type: 'IPN', rdata: ['ffffffffffffffff'], text: '18446744073709551615' },
  { type: 'RESINFO', rdata: ['08 716e616d656d696e'], text: '"qnamemin"' },
  { type: 'WALLET', rdata: ['03 425443', '02 3178'], text: '"BTC" "1x"', alsoReadable: [4] },
  // RFC 9460 appendix D.1 and D.2, in the order of the document
  {
    type: 'HTTPS', // figure 2: AliasMode
    rdata: ['0000', '03 666f6f', exampleCom],
    text: '0 foo.example.com',
  },
  { type: 'SVCB', rdata: ['0001', '00'], text: '1 .' }, // figure 3
  {
    type: 'SVCB', // figure 4
    rdata: ['0010', '03 666f6f', exampleCom, '0003 0002 0035'],
    text: '16 foo.example.com port=53',
    alsoReadable: [19],
  },
  {
    type: 'SVCB', // figure 5
    rdata: ['0001', '03 666f6f', exampleCom, '029b 0005 68656c6c6f'],
    text: '1 foo.example.com key667="hello"',
    alsoReadable: [19],
  },
  {
    type: 'SVCB', // figure 6
    rdata: ['0001', '03 666f6f', exampleCom, '029b 0009 68656c6c6fd2716f6f'],
    text: '1 foo.example.com key667="hello\\210qoo"',
    alsoReadable: [19],
  },
  {
    type: 'SVCB', // figure 7
    rdata: [
      '0001',
      '03 666f6f',
      exampleCom,
      '0006 0020', // ipv6hint
      '20010db8000000000000000000000001',
      '20010db8000000000000000000530001',
    ],
    text: '1 foo.example.com ipv6hint=2001:db8::1,2001:db8::53:1',
    alsoReadable: [19],
  },
  {
    type: 'SVCB', // figure 8
    rdata: ['0001', exampleCom, '0006 0010', '20010db80122034400000000c0000221'],
    text: '1 example.com ipv6hint=2001:db8:122:344::c000:221',
    alsoReadable: [15],
  },
  {
    type: 'SVCB', // figure 9
    rdata: [
      '0010',
      '03 666f6f 07 6578616d706c65 03 6f7267 00', // foo.example.org
      '0000 0004 0001 0004', // mandatory: alpn, ipv4hint
      '0001 0009 02 6832 05 68332d3139', // alpn: h2, h3-19
      '0004 0004 c0000201', // ipv4hint
    ],
    text: '16 foo.example.org mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
    alsoReadable: [19, 27, 40],
  },
  {
    type: 'SVCB', // figure 10: f\oo,bar and h2
    rdata: [
      '0010',
      '03 666f6f 07 6578616d706c65 03 6f7267 00',
      '0001 000c 08 665c6f6f2c626172 02 6832',
    ],
    text: '16 foo.example.org alpn="f\\\\\\\\oo\\\\,bar,h2"',
    alsoReadable: [19],
  },
  {
    type: 'HTTPS',
    rdata: [
      '0001',
      '00',
      '0001 0006 02 6832 02 2207', // alpn: h2 and one of a quote and a bell
      '0002 0000', // no-default-alpn
      '0005 0003 010203', // ech
      '0007 0007 2f7b3f646e737d', // dohpath
      '0008 0000', // ohttp
      '029b 0000', // a key without a value
    ],
    text: '1 . alpn="h2,\\"\\007" no-default-alpn ech=AQID dohpath="/{?dns}" ohttp key667',
    alsoReadable: [3, 13, 17, 24, 35, 39],
  },
]

/** RDATA that is malformed for a reason of its own, which cutting and padding does not reach. */
export const malformedSamples: { type: string; rdata: string[]; because: string }[] = [
  { type: 'SVCB', rdata: ['0001 00', '0003 0002 0035', '0003 0002 0035'], because: 'a key twice' },
  { type: 'SVCB', rdata: ['0001 00', '0003 0002 0035', '0002 0000'], because: 'keys descend' },
  { type: 'HTTPS', rdata: ['0001 00', '0003 0003 01bb00'], because: 'a port of 3 bytes' },
  { type: 'HTTPS', rdata: ['0001 00', '0001 0000'], because: 'an alpn list of none' },
  { type: 'HTTPS', rdata: ['0001 00', '0001 0001 00'], because: 'an empty alpn id' },
  { type: 'HTTPS', rdata: ['0001 00', '0001 0003 03 6832'], because: 'an alpn id cut short' },
  { type: 'HTTPS', rdata: ['0001 00', '0002 0001 00'], because: 'no-default-alpn with a value' },
  { type: 'HTTPS', rdata: ['0001 00', '0004 0005 c000020101'], because: 'an ipv4hint and a byte' },
  { type: 'HTTPS', rdata: ['0001 00', '0006 0000'], because: 'an ipv6hint of none' },
  { type: 'HTTPS', rdata: ['0001 00', '0005 0000'], because: 'an empty ech' },
  { type: 'HTTPS', rdata: ['0001 00', '0007 0000'], because: 'an empty dohpath' },
  { type: 'HTTPS', rdata: ['0001 00', '0008 0001 00'], because: 'ohttp with a value' },
  { type: 'HTTPS', rdata: ['0001 00', '0000 0000'], because: 'mandatory without a key' },
  { type: 'HTTPS', rdata: ['0001 00', '0000 0002 0000'], because: 'mandatory names itself' },
  { type: 'HTTPS', rdata: ['0001 00', '0000 0004 0004 0001'], because: 'mandatory descends' },
  { type: 'HTTPS', rdata: ['0001 00', '0000 0004 0001 0001'], because: 'mandatory repeats' },
  { type: 'NSEC', rdata: ['00', '01 01 40', '00 01 40'], because: 'windows descend' },
  { type: 'NSEC', rdata: ['00', '00 00'], because: 'a window of no octets' },
  { type: 'NSEC', rdata: ['00', '00 21', '40'.repeat(33)], because: 'a window of 33 octets' },
  { type: 'NSEC', rdata: ['00'], because: 'no window at all' },
  { type: 'NSEC3', rdata: ['01 00 0000 00', '00'], because: 'an empty next hash' },
  { type: 'DS', rdata: ['0001 08 02', 'ab'.repeat(20)], because: 'a SHA-256 digest of 20 bytes' },
  {
    type: 'ZONEMD',
    rdata: ['00000001 01 f0', 'ab'.repeat(11)],
    because: 'a digest below 12 bytes',
  },
  { type: 'CAA', rdata: ['00', '02 612d', '61'], because: 'a tag with a dash' },
  { type: 'CAA', rdata: ['00', '00', '61'], because: 'an empty tag' },
  { type: 'LOC', rdata: ['00 a3 16 13 89172dd0 70be15f0 00988d20'], because: 'a size digit of 10' },
  { type: 'LOC', rdata: ['00 33 16 13 ffffffff 70be15f0 00988d20'], because: 'latitude above 90' },
  {
    type: 'LOC',
    rdata: ['00 33 16 13 89172dd0 00000000 00988d20'],
    because: 'longitude above 180',
  },
  { type: 'APL', rdata: ['0001 21 00'], because: 'an IPv4 prefix of 33 bits' },
  { type: 'APL', rdata: ['0001 20 05 c000020101'], because: 'an IPv4 address of 5 bytes' },
  { type: 'HIP', rdata: ['00 02 0001', '01'], because: 'no host identity tag' },
  { type: 'HIP', rdata: ['01 02 0001 ab 01', '01 61 c000'], because: 'a compressed server name' },
  { type: 'A6', rdata: ['81', '01 61 00'], because: 'a prefix of 129 bits' },
  { type: 'A6', rdata: ['80', 'c000'], because: 'a prefix name that points forward' },
  { type: 'ATMA', rdata: ['01 31 2b'], because: 'a number with a plus' },
  { type: 'NXT', rdata: ['00', '40'.repeat(17)], because: 'a flat map of 17 octets' },
  { type: 'WKS', rdata: ['c0000201 06', '00'.repeat(8193)], because: 'ports above 65535' },
]

/** The bytes of a sample. */
export function bytesOf(rdata: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(rdata.join('').replaceAll(' ', ''), 'hex'))
}
