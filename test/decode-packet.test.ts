// Packets down to their DNS message: link layers, tags, IP headers and lengths, byte by byte; what is not read goes into a named bin.

import { describe, expect, it } from 'vitest'
import { addressText } from '../src/dns/address.ts'
import { PacketBatch } from '../src/ingest/capture/packets.ts'
import { anomaliesOf } from '../src/ingest/decode/anomaly.ts'
import { binNames, More } from '../src/ingest/decode/bins.ts'
import { decodePacket, Packet, portTable } from '../src/ingest/decode/packet.ts'
import { bytes } from './capture-bytes.ts'

const udp = `
  c350 0035 000c 0000 // 50000 to 53, 12 bytes, no checksum
  61626364            // the message`
const ipv4 = `
  45 00 0020 1234 0000 40 11 0000 c000020a c0000235 // 192.0.2.10 to 192.0.2.53, 32 bytes, TTL 64, UDP
  ${udp}`
const ipv6 = (next = '11', payload = '000c') => `
  60000000 ${payload} ${next} 39 20010db8 00000000 00000000 0000000a 20010db8 00000000 00000000 00000035`
const macs = '00005e005301 00005e005302'
const ethernet = 1

describe('the link layer', () => {
  it.each([
    ['Ethernet', 1, `${macs} 0800 ${ipv4}`],
    ['Ethernet with a tag', 1, `${macs} 8100 e06e 0800 ${ipv4}`],
    ['raw IP', 101, ipv4],
    ['raw IP of OpenBSD', 12, ipv4],
    ['raw IP of other BSDs', 14, ipv4],
    ['IPv4', 228, ipv4],
    ['BSD null, little-endian', 0, `02000000 ${ipv4}`],
    ['BSD null, big-endian', 0, `00000002 ${ipv4}`],
    ['BSD loop', 108, `00000002 ${ipv4}`],
    ['Linux cooked', 113, `0000 0001 0006 00005e005301 0000 0800 ${ipv4}`],
    ['Linux cooked with a tag', 113, `0000 0001 0006 00005e005301 0000 8100 006e 0800 ${ipv4}`],
    ['Linux cooked v2', 276, `0800 0000 00000002 0001 00 06 00005e0053010000 ${ipv4}`],
    [
      'Linux cooked v2 with a tag',
      276,
      `8100 0000 00000002 0001 00 06 00005e0053010000 006e 0800 ${ipv4}`,
    ],
  ])('%s leads to the message', (name, link, frame) => {
    const packet = read(frame, { link })
    expect(packet).toMatchObject({
      bin: 'dns',
      source: '192.0.2.10',
      destination: '192.0.2.53',
      ports: [50_000, 53],
      payload: '61626364',
      anomalies: [],
      vlan: name.includes('tag') ? 110 : 0,
      vlanOuter: 0,
      ttl: 64,
      ipId: 0x1234,
    })
  })

  it.each([2, 10, 23, 24, 28, 30])('reads BSD null family %i', (family) => {
    const rest = family === 2 ? ipv4 : ipv6() + udp
    const low = family.toString(16).padStart(2, '0')
    expect(read(`${low}000000 ${rest}`, { link: 0 }).bin).toBe('dns')
    expect(read(`000000${low} ${rest}`, { link: 0 }).bin).toBe('dns')
  })

  it('keeps the outermost and the innermost tag of a stack', () => {
    const stack = (...ids: string[]) => ids.map((id) => `88a8 ${id}`).join(' ')
    expect(read(`${macs} ${stack('0064', '00c8')} 0800 ${ipv4}`)).toMatchObject({
      bin: 'dns',
      vlan: 200,
      vlanOuter: 100,
    })
    expect(read(`${macs} ${stack('0064', '00c8', '012c')} 0800 ${ipv4}`)).toMatchObject({
      bin: 'dns',
      vlan: 300,
      vlanOuter: 100,
    })
    const cooked = `88a8 0000 00000002 0001 00 06 00005e0053010000 0064 8100 00c8 0800 ${ipv4}`
    expect(read(cooked, { link: 276 })).toMatchObject({ bin: 'dns', vlan: 200, vlanOuter: 100 })
  })

  it('forgets the tags of the packet before', () => {
    const packet = new Packet()
    read(`${macs} 88a8 0064 8100 00c8 0800 ${ipv4}`, { packet })
    expect(read(`${macs} 0800 ${ipv4}`, { packet })).toMatchObject({ vlan: 0, vlanOuter: 0 })
  })

  it('takes 60 tags and gives up on 70', () => {
    expect(read(`${macs} ${'8100 0001 '.repeat(60)} 0800 ${ipv4}`).bin).toBe('dns')
    expect(read(`${macs} ${'8100 0001 '.repeat(70)} 0800 ${ipv4}`).bin).toBe(
      'malformed link-header',
    )
  })

  it.each([
    ['ARP', '0806', 'other'],
    ['802.3 with a length', '0026', 'other'],
  ])('counts %s', (_, type, bin) => {
    expect(read(`${macs} ${type} ${ipv4}`).bin).toBe(bin)
  })

  it('counts a link type it does not read', () => {
    expect(read(ipv4, { link: 189 }).bin).toBe('unsupported link-type')
  })

  it.each([
    [1, 13],
    [113, 15],
    [276, 19],
    [0, 3],
    [108, 3],
  ])('of type %i cut at %i bytes is malformed, or cut where the capture says so', (link, end) => {
    const frame = bytes('00'.repeat(end))
    expect(read(frame, { link }).bin).toBe('malformed link-header')
    expect(read(frame, { link, original: 100 }).bin).toBe('malformed header-cut-by-snaplen')
  })
})

describe('IP', () => {
  it('version 6 leads to the message', () => {
    expect(read(`${macs} 86dd ${ipv6()} ${udp}`)).toMatchObject({
      bin: 'dns',
      source: '2001:db8::a',
      destination: '2001:db8::35',
      payload: '61626364',
      ttl: 57,
      ipId: 0,
    })
  })

  it('version 6 is read behind its extension headers', () => {
    const hopByHop = '3c 00 000000000000' // then destination options
    const destination = '33 01 000000000000 0000000000000000' // 16 bytes, then authentication
    const authentication = '2c 04 0000 00000000 00000000 00000000 00000000 00000000' // 24 bytes, then fragment
    const atomic = '11 00 0000 00000001' // the only fragment, then UDP
    expect(
      read(
        `${macs} 86dd ${ipv6('00', '0044')} ${hopByHop} ${destination} ${authentication} ${atomic} ${udp}`,
      ),
    ).toMatchObject({ bin: 'dns', payload: '61626364' })
  })

  it('options are stepped over', () => {
    const options = `46 00 0024 1234 0000 40 11 0000 c000020a c0000235 94040000 ${udp}`
    expect(read(options, { link: 101 })).toMatchObject({ bin: 'dns', payload: '61626364' })
  })

  it('padding behind the packet is no part of the message', () => {
    expect(read(`${macs} 0800 ${ipv4} ${'00'.repeat(14)}`)).toMatchObject({
      payload: '61626364',
      anomalies: [],
    })
    expect(read(`${macs} 86dd ${ipv6()} ${udp} ${'00'.repeat(14)}`)).toMatchObject({
      payload: '61626364',
      anomalies: [],
    })
  })

  it('length 0, as segmentation offload leaves it, takes the frame for measure', () => {
    expect(read(ipv4.replace('0020', '0000'), { link: 101 })).toMatchObject({
      bin: 'dns',
      payload: '61626364',
    })
    expect(read(`${ipv6('11', '0000')} ${udp}`, { link: 101 })).toMatchObject({
      bin: 'dns',
      payload: '61626364',
    })
  })

  it.each([
    ['no byte of it', '', 'ipv4-header'],
    ['version 5', ipv4.replace('45', '55'), 'ipv4-header'],
    ['a header of 16 bytes', ipv4.replace('45', '44'), 'ipv4-header'],
    ['a header that is longer than the packet', ipv4.replace('45', '4f'), 'ipv4-header'],
    ['a total length below the header', ipv4.replace('0020', '0013'), 'ipv4-header'],
    ['half a version 6 header', '6000000000', 'ipv6-header'],
    ['an extension header past the end', `${ipv6('00', '0010')} 11 ff 000000000000`, 'ipv6-header'],
    ['half an extension header', `${ipv6('2c', '0004')} 11000000`, 'ipv6-header'],
  ])('with %s is malformed, or cut where the capture says so', (_, packet, reason) => {
    expect(read(packet, { link: 101 }).bin).toBe(`malformed ${reason}`)
    expect(read(packet, { link: 101, original: 1000 }).bin).toBe('malformed header-cut-by-snaplen')
  })

  it('walks 16 extension headers, and what stands behind more is not UDP', () => {
    const headers = (count: number) => {
      const chain = `${'3c 00 000000000000 '.repeat(count - 1)} 11 00 000000000000`
      return `${ipv6('3c', (8 * count + 12).toString(16).padStart(4, '0'))} ${chain} ${udp}`
    }
    expect(read(headers(16), { link: 101 }).bin).toBe('dns')
    expect(read(headers(17), { link: 101 }).bin).toBe('other')
  })
})

describe('UDP', () => {
  it.each([
    ['53', '0035', 0],
    ['5353', '14e9', 1],
    ['5355', '14eb', 2],
  ])('port %s on either side is DNS', (_, port, service) => {
    expect(read(datagram('c350', port), { link: 101 })).toMatchObject({ bin: 'dns', service })
    expect(read(datagram(port, 'c350'), { link: 101 })).toMatchObject({ bin: 'dns', service })
  })

  it('of a client whose random port is 5353 or 5355 is plain DNS in both directions', () => {
    for (const port of ['14e9', '14eb']) {
      expect(read(datagram(port, '0035'), { link: 101 })).toMatchObject({ service: 0 })
      expect(read(datagram('0035', port), { link: 101 })).toMatchObject({ service: 0 })
    }
  })

  it('port given with --port is DNS', () => {
    expect(read(datagram('c350', '1f75'), { link: 101 }).bin).toBe('other')
    expect(read(datagram('c350', '1f75'), { link: 101, ports: [8053] })).toMatchObject({
      bin: 'dns',
      service: 0,
    })
  })

  it.each([
    ['12b5', 'VXLAN'],
    ['17c1', 'Geneve'],
    ['0868', 'GTP-U'],
  ])('port %s is a tunnel: %s', (port) => {
    expect(read(datagram('c350', port), { link: 101 }).bin).toBe('more tunnel')
  })

  it('length 0 takes all there is', () => {
    expect(read(datagram('c350', '0035', '0000'), { link: 101 })).toMatchObject({
      payload: '61626364',
      anomalies: [],
    })
  })

  it('length below its header is malformed', () => {
    expect(read(datagram('c350', '0035', '0007'), { link: 101 }).bin).toBe('malformed udp-header')
  })

  it('length that lies is named, and no byte outside is read', () => {
    expect(read(datagram('c350', '0035', '00ff'), { link: 101 })).toMatchObject({
      payload: '61626364',
      anomalies: ['udp-length-mismatch'],
    })
    expect(read(datagram('c350', '0035', '000a'), { link: 101 })).toMatchObject({
      payload: '6162',
      anomalies: ['udp-length-mismatch'],
    })
    expect(read(datagram('c350', '0035', '0008'), { link: 101 })).toMatchObject({
      bin: 'dns',
      payload: '',
      anomalies: ['udp-length-mismatch'],
    })
  })

  it('that the capture cut is not called a lie', () => {
    const whole = bytes(`${macs} 0800 ${ipv4}`)
    for (let end = 14 + 28; end < whole.length; end++) {
      expect(read(whole.subarray(0, end), { original: whole.length })).toMatchObject({
        bin: 'dns',
        payload: '61626364'.slice(0, 2 * (end - 42)),
        anomalies: ['snapped'],
      })
    }
    expect(read(whole.subarray(0, 41), { original: whole.length }).bin).toBe(
      'malformed header-cut-by-snaplen',
    )
  })

  it('that another layer cut short is a lie', () => {
    const whole = bytes(`${macs} 0800 ${ipv4}`)
    expect(read(whole.subarray(0, whole.length - 1)).anomalies).toEqual(['udp-length-mismatch'])
  })

  it('of a jumbogram is read up to the longest DNS message', () => {
    const head = bytes(`${ipv6('11', '0000')} c350 0035 0000 0000`)
    const packet = read(Buffer.concat([head, Buffer.alloc(70_000)]), { link: 101 })
    expect([packet.bin, packet.payload.length / 2]).toEqual(['dns', 65_535])
  })
})

describe('a packet', () => {
  it('gives its frame and time', () => {
    const packet = new Packet()
    read(`${macs} 0800 ${ipv4}`, { packet })
    expect([packet.frame, packet.seconds, packet.nanoseconds]).toEqual([
      41, 4_294_967_295, 999_999_999,
    ])
  })

  it('cut anywhere ends in a bin and never reaches behind its end', () => {
    for (const [link, frame] of [
      [1, `${macs} 88a8 0064 8100 00c8 0800 ${ipv4}`],
      [1, `${macs} 86dd ${ipv6('00', '0014')} 11 00 000000000000 ${udp}`],
      [113, `0000 0001 0006 00005e005301 0000 0800 ${ipv4}`],
      [276, `0800 0000 00000002 0001 00 06 00005e0053010000 ${ipv4}`],
      [0, `02000000 ${ipv4}`],
    ] as const) {
      const whole = bytes(frame)
      for (let end = 0; end <= whole.length; end++) {
        const { bin, payload } = read(whole.subarray(0, end), { link })
        if (bin === 'dns') expect('61626364').toContain(payload)
        else expect(bin).toMatch(/^malformed /)
      }
    }
  })
})

function datagram(source: string, destination: string, length = '000c'): string {
  return ipv4.replace('c350 0035 000c', `${source} ${destination} ${length}`)
}

interface How {
  link?: number
  original?: number
  ports?: number[]
  packet?: Packet
}

/** Decodes one frame that lies between canaries in a batch. */
function read(frame: string | Uint8Array, how: How = {}) {
  const wire = typeof frame === 'string' ? bytes(frame) : frame
  const batch = new PacketBatch()
  batch.bytes = Buffer.concat([Buffer.alloc(64, 0x45), wire, Buffer.alloc(64, 0x58)])
  batch.count = 1
  batch.firstFrame = 41
  batch.start[0] = 64
  batch.captured[0] = wire.length
  batch.original[0] = how.original ?? wire.length
  batch.seconds[0] = 4_294_967_295
  batch.nanoseconds[0] = 999_999_999
  batch.link[0] = how.link ?? ethernet
  const packet = how.packet ?? new Packet()
  const bin = decodePacket(batch, 0, portTable(how.ports ?? []), packet)
  const [more] = Object.entries(More).find(([, number]) => number === bin) ?? []
  const { group, reason } = more === undefined ? binNames[bin] : { group: 'more', reason: more }
  const addresses = new Uint8Array(packet.addresses.buffer)
  const isDns = group === 'dns'
  return {
    bin: `${group} ${reason}`.trim(),
    source: addressText(addresses, 0),
    destination: addressText(addresses, 16),
    ports: [packet.sourcePort, packet.destinationPort],
    payload: isDns
      ? Buffer.from(batch.bytes.subarray(packet.payloadStart, packet.payloadEnd)).toString('hex')
      : '',
    anomalies: anomaliesOf(packet.anomalies),
    vlan: packet.vlan,
    vlanOuter: packet.vlanOuter,
    service: packet.service,
    ttl: packet.ipTtl,
    ipId: packet.ipId,
  }
}
