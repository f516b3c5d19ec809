-- What each client asked, by domain and by type, and what was asked of each domain in each hour, counted. The table lies in name order, where the
-- rows of a client or of an hour are everywhere. Built when parts are merged, so that an insert pays nothing; read by views of the same names.
ALTER TABLE transactions
  ADD PROJECTION IF NOT EXISTS client_domains (
    SELECT client, domain, count(), sum(attempts), countIf(rcode = 'NXDOMAIN'), min(toStartOfHour(ts)), max(toStartOfHour(ts))
    GROUP BY client, domain
  ),
  ADD PROJECTION IF NOT EXISTS domain_hours (
    SELECT toStartOfHour(ts), domain, count(), sum(attempts), countIf(rcode = 'NXDOMAIN')
    GROUP BY toStartOfHour(ts), domain
  ),
  ADD PROJECTION IF NOT EXISTS client_types (
    SELECT client, qtype, count(), sum(attempts), countIf(rcode = 'NXDOMAIN'), min(toStartOfHour(ts)), max(toStartOfHour(ts))
    GROUP BY client, qtype
  ),
  MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1
