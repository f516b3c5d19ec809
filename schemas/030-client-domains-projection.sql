-- What each client asked of each domain, counted, in client order: the table lies in name order, where a client's rows are everywhere.
-- Built when parts are merged, so that an insert pays nothing for it; read by the view client_domains.
ALTER TABLE transactions
  ADD PROJECTION IF NOT EXISTS client_domains (
    SELECT client, domain, count(), sum(attempts), countIf(rcode = 'NXDOMAIN'), min(toStartOfHour(ts)), max(toStartOfHour(ts))
    GROUP BY client, domain
  ),
  MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1
