// Sudden changes of answers for watched names: what a name said first and for long, against what it says now or said for an hour.

import { judgeChanges } from './judge.ts'
import { stretches } from './query.ts'
import { detector } from '../detector.ts'

/** A record that was right for weeks, wrong for an hour, and right again. */
export default detector({
  id: 'answer-change',
  version: 3,
  title: 'Sudden answer change of watched names',
  asks: 'Does a watched name suddenly answer with something it never said before?',
  why: 'A hijacked delegation or host answers with values that the name never had, often for hours only, and then goes back: a daily look misses it. Every record has a history for each kind of speaker (authoritative server, resolver, parent); what it said first and long is trusted, what is new is a change until it has stayed for a week. Addresses are compared by network (/24, /48), so rotation inside one is silent; addresses behind an alias to another domain are not compared, the alias is; records whose baseline was nearly all new (dynamic) are left alone but for NS, MX, SOA, DS.',
  attack: ['T1584.002', 'T1584.001', 'T1557', 'T1565.001'],
  parameters: {
    minAnswers: {
      type: 'UInt32',
      default: 5,
      help: 'answers seen before anything counts as a change',
      unit: 'answers',
    },
    minHours: {
      type: 'Float64',
      default: 1,
      help: 'time these answers cover at least; the change must not have lasted longer than the baseline did',
      unit: 'hours',
    },
  },
  rules: [
    {
      id: 'record',
      title: 'A watched name answers with something new',
      needs: 'watch-list',
      sql: stretches,
      subject: 'name = {name:String} AND type = {type:String}',
      judge: judgeChanges,
    },
  ],
  points: {
    'NS changed': '40',
    'MX changed': '30',
    'address of a name server in another network': '35',
    'address in another network': '25, for mail and remote access hosts 30: another /16 or /32',
    'address in a neighbouring network':
      '10, for mail and remote access hosts 15: another /24 or /48 of a known /16 or /32',
    'alias changed': '20: CNAME to another domain; 5 inside the same domain or none any more',
    'SOA names changed': '20: primary server or mailbox',
    'SPF changed': '15',
    'DMARC changed': '15',
    'DS removed': '30',
    'DS replaced': '25: no overlap with the old ones',
    'DNSKEY replaced': '25: no overlap with the old ones',
    'CAA changed': '10',
    'was always the same': '10: one set of values until then',
    'TTL cut':
      '10: to a tenth or less at the change or in the two days before, so that it spreads and can be taken back',
    'TTL of a week': '10: so that the change stays',
    'serial did not move': '15: the zone changed, its SOA serial did not',
    'look-alike domain': '20: the new host is in a domain one or two letters from the old one',
    'domain never seen before':
      "20, for an alias 10: nobody was ever sent to the new host's domain",
    'network never seen before': "10: nobody was ever sent to the new address's network",
    'answered by the new address itself': '20',
    'one resolver only': '15: the others went on with the old values',
    'parent and zone differ': "15: the delegation changed, the zone's own NS set did not",
    'certificate asked for': '15: somebody looked for _acme-challenge within a day',
    'DNSSEC stripped with it': '20: delegation and DS changed within a day',
    'another watched record changed too':
      '20: of another kind, in the same domain, within a day, without overlap',
    reverted: '25: back to the old values within 24 hours',
    'serial was raised as usual': '-10',
    'well known elsewhere': '-20: three or more other domains have used it for two weeks',
    'all agree long after': '-10: three servers or more, twice the old TTL and a day later',
    'added to the old values':
      '-20: the old ones are all still given with it; not for a mail host that is asked first',
    'handed over with overlap': '-20: old and new were given together for a day or more',
    'rotates with the old values': '-40: the same server gives both in turn',
    'seen in an earlier change': '-25',
    'name is a pool': '-30: eight networks or more, or growing all the time',
    'same network owner': '-15: by the table of networks',
    'switched by short TTL': '-25: a minute or less, as for names that switch between sites',
    'block page of one resolver':
      '-75: an address that leads nowhere or that it gives for other domains too',
    'young baseline': '-5: less than a week or 20 answers',
  },
  benign: [
    'a planned move to another provider, or protection switched on under attack',
    'failover between two sites',
    'a resolver that answers with a walled garden or a block page',
  ],
  next: ['overhear hunt name {name}', 'overhear hunt domain {name}'],
  references: [
    'CISA Emergency Directive 19-01 (DNS infrastructure tampering)',
    'Cisco Talos, Sea Turtle, 2019',
    'Akiwate et al., Retroactive Identification of Targeted DNS Infrastructure Hijacking, IMC 2022',
  ],
})
