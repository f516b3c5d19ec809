// Live capture through the real tcpdump and dumpcap on the loopback interface; needs root, as any capture does.

import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { kernelFilter, untaggedFilter } from '../src/ingest/capture/kernel-filter.ts'
import { openLive } from '../src/ingest/capture/live.ts'
import type { LiveCapture, LiveOptions } from '../src/ingest/capture/live.ts'
import { explainFailure, readKernelCounts } from '../src/ingest/capture/live-talk.ts'
import { refusal } from './capture-bytes.ts'

const isRoot = process.getuid?.() === 0
const hasTcpdump = hasTool('tcpdump')
const hasDumpcap = hasTool('dumpcap')
const canCapture = isRoot && hasTcpdump
if (!canCapture) console.warn('live capture is not tested: it needs root and tcpdump')

test('in CI there are root and tcpdump', () => {
  if (process.env['CI']) expect({ isRoot, hasTcpdump }).toEqual({ isRoot: true, hasTcpdump: true })
})

describe.skipIf(!canCapture)('on the loopback interface', () => {
  const tools: [string, LiveOptions][] = [['tcpdump', {}]]
  if (hasDumpcap) tools.push(['dumpcap', { tool: 'dumpcap' }])

  test.each(tools)('%s delivers every datagram sent before stop', async (_, options) => {
    const capture = await openLive('lo', options)
    const reading = payloads(capture)
    const sent = Array.from({ length: 2000 }, (_item, index) => `overhear-${index}`)
    await send(53, sent)
    await capture.stop()
    expect(await reading).toEqual(sent)
    const { report } = capture
    expect(report).toMatchObject({ path: 'lo', format: 'pcap', links: [1], problems: [] })
    expect(report.kernel.dropped).toBe(0)
    expect(report.kernel.captured).toBe(report.packets)
    expect(report.kernel.received).toBeGreaterThanOrEqual(sent.length)
    expect(report.interfaces).toEqual([
      { name: 'lo', link: 1, received: report.kernel.received, dropped: 0 },
    ])
  })

  test('a single packet comes out while the capture goes on', async () => {
    const capture = await openLive('lo')
    await send(53, ['overhear-alone'])
    const seen: string[] = []
    for await (const batch of capture.batches()) {
      const text = Buffer.from(batch.bytes.subarray(batch.start[0])).toString('latin1')
      seen.push(text)
      if (text.includes('overhear-alone')) break
    }
    expect(seen.length).toBeGreaterThan(0)
  })

  test('ports are added to the usual three, others stay in the kernel', async () => {
    const capture = await openLive('lo', { ports: [5300] })
    const reading = payloads(capture)
    await send(5400, ['overhear-unwanted'])
    await send(5300, ['overhear-extra'])
    await send(5353, ['overhear-mdns'])
    await capture.stop()
    expect(await reading).toEqual(['overhear-extra', 'overhear-mdns'])
  })

  test('an interface without VLAN tags is captured with the filter that does not ask for them', async () => {
    const capture = await openLive('any')
    const reading = payloads(capture)
    await send(53, ['overhear-any'])
    await capture.stop()
    expect(await reading).toContain('overhear-any')
    expect(capture.report.problems).toEqual([])
  })

  test('an unknown interface is refused with the list of those there are', async () => {
    for (const [, options] of tools) {
      const { code, message } = await refusal(openLive('nosuch0', options))
      expect(code).toBe('no-interface')
      expect(message).toMatch(/^nosuch0: no such interface; this machine has (.+, )?lo(, .+)?$/)
    }
  })

  test('a filter that does not compile is refused with the reason', async () => {
    for (const [tool, options] of tools) {
      const { code, message } = await refusal(openLive('lo', { ...options, filter: 'port foo' }))
      expect(code).toBe('filter')
      expect(message).toMatch(
        new RegExp(`^lo: ${tool} refuses the filter: .*port foo|unknown port`),
      )
    }
  })

  test('closing without stop leaves no program behind', async () => {
    const capture = await openLive('lo')
    await capture.close()
    const running = execFileSync('sh', ['-c', `ps -o args= --ppid ${process.pid} || true`])
    expect(running.toString()).not.toContain('tcpdump -i lo')
  })
})

test('without any tool the sentence says what to install', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = tmpdir()
  try {
    const { code, message } = await refusal(openLive('lo'))
    expect(code).toBe('no-tool')
    expect(message).toBe(
      'lo: cannot be captured without tcpdump or dumpcap: install one (Debian, Ubuntu: apt install tcpdump)',
    )
  } finally {
    process.env['PATH'] = path
  }
})

describe('what the programs say', () => {
  test('missing permission names the line that grants it', () => {
    const ofTcpdump =
      "tcpdump: lo: You don't have permission to perform this capture on that device\n" +
      '(socket: Operation not permitted)\n'
    const ofDumpcap =
      'Capturing on \'Loopback: lo\'\ndumpcap: You do not have permission to capture on device "lo".\n' +
      '(socket: Operation not permitted)\n'
    for (const [tool, talk] of [
      ['tcpdump', ofTcpdump],
      ['dumpcap', ofDumpcap],
    ] as const)
      expect(explainFailure('lo', tool, false, talk)).toMatchObject({
        code: 'no-permission',
        message:
          'lo: this user may not capture: run as root, or once as root: ' +
          `setcap cap_net_raw,cap_net_admin=eip $(command -v ${tool})`,
      })
  })

  test('an interface that goes away ends the capture with the reason', () => {
    const talk =
      'tcpdump: listening on eth9, link-type EN10MB (Ethernet), snapshot length 4096 bytes\n' +
      'tcpdump: pcap_loop: The interface disappeared\n25 packets captured\n' +
      '50 packets received by filter\n1 packet dropped by kernel\n'
    expect(explainFailure('eth9', 'tcpdump', false, talk)).toMatchObject({
      code: 'live-ended',
      message: 'eth9: tcpdump ended by itself: pcap_loop: The interface disappeared',
    })
    expect(readKernelCounts(talk)).toEqual({ captured: 25, received: 50, dropped: 1 })
  })

  test('counters of both programs are read, and none are invented', () => {
    const ofDumpcap =
      "\rPackets: 25 \rPackets captured: 25\nPackets received/dropped on interface 'Loopback: lo': " +
      '25/3 (pcap:0/dumpcap:3/flushed:0/ps_ifdrop:0) (100.0%)\n'
    expect(readKernelCounts(ofDumpcap)).toEqual({ captured: 25, received: 25, dropped: 3 })
    const withInterface =
      '1 packet captured\n2 packets received by filter\n3 packets dropped by kernel\n' +
      '4 packets dropped by interface\n'
    expect(readKernelCounts(withInterface)).toEqual({ captured: 1, received: 2, dropped: 7 })
    expect(readKernelCounts('killed')).toEqual({ captured: null, received: null, dropped: null })
  })
})

describe.skipIf(!hasTcpdump)('the kernel filter', () => {
  const ethernet = '020000000001 020000000002'
  const ipv4 = '4500 001c 0000 0000 40 11 0000 c0000201 c0000202'
  const query = '1234 0035 0008 0000'
  const web = '1234 0050 0008 0000'
  const packets: [string, boolean, string][] = [
    ['DNS over IPv4', true, `0800 ${ipv4} ${query}`],
    ['LLMNR over IPv6', true, `86dd 60000000 0008 11 40 ${ipv6()} 1234 14eb 0008 0000`],
    ['a first fragment', true, `0800 ${ipv4.replace('0000 0000', '0000 2000')} ${web}`],
    ['a later fragment', true, `0800 ${ipv4.replace('0000 0000', '0000 00b9')} ${web}`],
    ['an IPv6 fragment', true, `86dd 60000000 0010 2c 40 ${ipv6()} 11 00 05c8 00000001 ${web}`],
    ['an ICMP error', true, `0800 ${ipv4.replace(' 11 ', ' 01 ')} 0303 0000 00000000`],
    ['an ICMPv6 error', true, `86dd 60000000 0008 3a 40 ${ipv6()} 0104 0000 00000000`],
    ['DNS in a VLAN', true, `8100 0005 0800 ${ipv4} ${query}`],
    ['DNS in two VLANs', true, `88a8 0005 8100 0006 0800 ${ipv4} ${query}`],
    [
      'a fragment in a VLAN',
      true,
      `8100 0005 0800 ${ipv4.replace('0000 0000', '0000 00b9')} ${web}`,
    ],
    [
      'an IPv6 fragment in two VLANs',
      true,
      `8100 0005 8100 0006 86dd 60000000 0010 2c 40 ${ipv6()} 11 00 05c8 00000001 ${web}`,
    ],
    ['web', false, `0800 ${ipv4} ${web}`],
    [
      'web that may not be fragmented',
      false,
      `0800 ${ipv4.replace('0000 0000', '0000 4000')} ${web}`,
    ],
    ['web in a VLAN', false, `8100 0005 0800 ${ipv4} ${web}`],
    ['web in two VLANs', false, `8100 0005 8100 0006 0800 ${ipv4} ${web}`],
    ['a ping', false, `0800 ${ipv4.replace(' 11 ', ' 01 ')} 0800 0000 00000000`],
    ['neighbour discovery', false, `86dd 60000000 0008 3a ff ${ipv6()} 8700 0000 00000000`],
    ['ARP', false, '0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000202'],
  ]

  test.each(packets)('%s: %s', (_, isWanted, hex) => {
    const frame = Buffer.from(`${ethernet} ${hex}`.replaceAll(' ', ''), 'hex')
    const file = Buffer.alloc(40)
    file.writeUInt32LE(0xa1b2c3d4, 0)
    file.writeUInt16LE(2, 4)
    file.writeUInt16LE(4, 6)
    file.writeUInt32LE(65_535, 16)
    file.writeUInt32LE(1, 20)
    file.writeUInt32LE(frame.length, 32)
    file.writeUInt32LE(frame.length, 36)
    const kept = execFileSync('tcpdump', ['-r', '-', '-w', '-', kernelFilter([53, 5353, 5355])], {
      input: Buffer.concat([file, frame]),
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    expect(kept.length > 24).toBe(isWanted)
  })

  test('compiles for Ethernet, and without VLAN for raw IP and Linux cooked', () => {
    const lines = (link: string, filter: string) =>
      execFileSync('tcpdump', ['-d', '-y', link, filter], { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .split('\n').length
    expect(lines('EN10MB', kernelFilter([53, 5353, 5355, 8053]))).toBeGreaterThan(60)
    for (const link of ['RAW', 'LINUX_SLL', 'LINUX_SLL2'])
      expect(lines(link, untaggedFilter([53]))).toBeGreaterThan(10)
  })

  function ipv6(): string {
    return '20010db8000000000000000000000001 20010db8000000000000000000000002'
  }
})

/** Payloads of the UDP datagrams that this test sent, in order. */
async function payloads(capture: LiveCapture): Promise<string[]> {
  const found: string[] = []
  for await (const batch of capture.batches())
    for (let index = 0; index < batch.count; index++) {
      const start = batch.start[index]
      const packet = Buffer.from(batch.bytes.subarray(start, start + batch.captured[index]))
      // The protocol of the IPv4 header behind Ethernet (14 bytes) or Linux cooked v2 (20 bytes).
      const ip = batch.link[index] === 1 ? 14 : 20
      if (packet[ip + 9] !== 17) continue
      const payload = packet.subarray(ip + 28).toString('latin1')
      if (payload.startsWith('overhear-')) found.push(payload)
    }
  return found
}

async function send(port: number, datagrams: string[]): Promise<void> {
  const socket = createSocket('udp4')
  for (const datagram of datagrams)
    await new Promise<void>((resolve, reject) => {
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()))
    })
  await new Promise<void>((resolve) => socket.close(resolve))
}

function hasTool(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
