// Broken messages, one a file, as hex text a person can read, each with the anomalies that decoding must name; and all of them as packets.

import { linkType, pcapFile, type TimedPacket } from './capture.ts'
import { ethernet, udpPacket } from './frame.ts'
import { captureFiles, jsonFile, type SampleFile } from './sample.ts'

interface Broken {
  name: string
  about: string
  /** Hex of the message, spaces anywhere. */
  hex: string
  /** Names of src/ingest/decode/anomaly.ts, in its order; empty where the message only looks broken. */
  expect: string[]
}

/** All of malformed/. */
export function malformed(): SampleFile[] {
  const files = broken.flatMap(({ name, about, hex, expect }) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const lines = bytes.toString('hex').replace(/(..)(?=.)/g, '$1 ')
    const wrapped = lines.replace(/(.{95}) /g, '$1\n')
    const text = Buffer.from(`# ${about}\n${wrapped}\n`)
    return [
      { path: `malformed/${name}.hex`, bytes: text },
      jsonFile(`malformed/${name}.json`, { about, size: bytes.length, expect }),
    ]
  })
  return [...files, ...packetFile()]
}

/** The same as answers in UDP packets, then one the capture cut and one whose UDP length says more than the packet holds. */
function packetFile(): SampleFile[] {
  const from = { address: '198.51.100.200', port: 53 }
  const to = { address: '192.0.2.10', port: 50000 }
  const frameOf = (hex: string, id: number): Uint8Array => {
    const payload = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    return ethernet(udpPacket(from, to, payload, { ttl: 57, id }))
  }
  const packets: TimedPacket[] = broken.map(({ hex }, i) => ({
    seconds: 1772442000,
    nanoseconds: i * 50_000_000,
    bytes: frameOf(hex, i),
  }))
  const whole = frameOf(good, 9998)
  packets.push({
    seconds: 1772442010,
    nanoseconds: 0,
    bytes: whole.subarray(0, whole.length - 9),
    original: whole.length,
  })
  const lying = Buffer.from(frameOf(good, 9999))
  lying.writeUInt16BE(lying.length + 100, 38)
  packets.push({ seconds: 1772442011, nanoseconds: 0, bytes: lying })
  return captureFiles('malformed/all.pcap', pcapFile(packets, { link: linkType.ethernet }), {
    about:
      'Every message of this folder in a UDP packet, in the order of their names in make/malformed.ts; then one good answer cut by the snap length and one whose UDP length is too large.',
    packets: packets.length,
    messages: packets.length,
    expect: [
      ...broken.map(({ name, expect }) => ({ name, expect })),
      { name: 'cut by the snap length', expect: ['snapped'] },
      { name: 'UDP length too large', expect: ['udp-length-mismatch'] },
    ],
    findings: [],
  })
}

/** Twelve header octets of an answer with these record counts. */
function header(counts: [number, number, number, number], flags = '8180'): string {
  const words = counts.map((count) => count.toString(16).padStart(4, '0'))
  return `1234 ${flags} ${words.join(' ')} `
}

/** www.example.com as a question for an address. */
const question = '03777777 076578616d706c65 03636f6d 00 0001 0001 '
/** An address for the name of the question. */
const answer = 'c00c 0001 0001 0000012c 0004 c6336450 '
const good = header([1, 1, 0, 0]) + question + answer
const opt = '00 0029 04d0 00000000 0000 '

/** A label of this many letters, in hex. */
function letters(length: number): string {
  return length.toString(16).padStart(2, '0') + '61'.repeat(length)
}

const longest = [63, 63, 63, 61].map(letters).join('')
const tooLong = [63, 63, 63, 62].map(letters).join('')

const broken: readonly Broken[] = [
  {
    name: 'pointer-loop',
    about: 'A name whose pointer leads back to its own first label.',
    hex: `${header([1, 0, 0, 0])} 0161 c00c 0001 0001`,
    expect: ['pointer-loop'],
  },
  {
    name: 'pointer-to-itself',
    about: 'A pointer that points at itself.',
    hex: `${header([1, 0, 0, 0])} c00c 0001 0001`,
    expect: ['pointer-forward'],
  },
  {
    name: 'pointer-pair',
    about: 'Two pointers that point at each other.',
    hex: `${header([2, 0, 0, 0])} c012 0001 0001 c00c 0001 0001`,
    expect: ['pointer-forward', 'several-questions'],
  },
  {
    name: 'pointer-forward',
    about: 'A question whose pointer leads to a name further on.',
    hex: `${header([1, 1, 0, 0])} c012 0001 0001 03777777 00 0001 0001 0000012c 0004 c6336450`,
    expect: ['pointer-forward'],
  },
  {
    name: 'pointer-past-end',
    about: 'An owner name that points behind the end of the message.',
    hex: `${header([1, 1, 0, 0]) + question} ffff 0001 0001 0000012c 0004 c6336450`,
    expect: ['pointer-forward'],
  },
  {
    name: 'label-64',
    about: 'A question with a length octet of 64, which is no length (RFC 6891 section 5).',
    hex: `${header([1, 0, 0, 0])} 40 ${'61'.repeat(64)} 00 0001 0001`,
    expect: ['question-truncated', 'label-reserved'],
  },
  {
    name: 'label-reserved',
    about: 'An owner name that starts with the reserved bits 10.',
    hex: `${header([1, 1, 0, 0]) + question} 80 0001 0001 0000012c 0004 c6336450`,
    expect: ['record-truncated', 'label-reserved'],
  },
  {
    name: 'name-253',
    about: 'The longest name there can be, 253 characters in 255 octets: nothing is wrong.',
    hex: `${header([1, 0, 0, 0]) + longest} 00 0001 0001`,
    expect: [],
  },
  {
    name: 'name-254',
    about: 'A name one character too long.',
    hex: `${header([1, 0, 0, 0]) + tooLong} 00 0001 0001`,
    expect: ['name-too-long'],
  },
  {
    name: 'name-cut',
    about: 'The message ends inside a label of the question.',
    hex: `${header([1, 0, 0, 0])} 03777777 07657861`,
    expect: ['question-truncated', 'name-truncated'],
  },
  {
    name: 'question-cut',
    about: 'The message ends after the name of the question.',
    hex: `${header([1, 0, 0, 0])} 03777777 076578616d706c65 03636f6d 00 00`,
    expect: ['question-truncated'],
  },
  {
    name: 'question-count-lie',
    about: 'QDCOUNT says five, one question is there.',
    hex: header([5, 0, 0, 0]) + question,
    expect: ['question-truncated', 'name-truncated', 'several-questions'],
  },
  {
    name: 'two-questions',
    about: 'Two whole questions.',
    hex: header([2, 0, 0, 0]) + question + question,
    expect: ['several-questions'],
  },
  {
    name: 'no-question',
    about: 'An answer without a question.',
    hex: `${header([0, 1, 0, 0])} 03777777 00 0001 0001 0000012c 0004 c6336450`,
    expect: ['no-question'],
  },
  {
    name: 'answer-count-lie',
    about: 'ANCOUNT says three, one record is there.',
    hex: header([1, 3, 0, 0]) + question + answer,
    expect: ['record-truncated', 'name-truncated'],
  },
  {
    name: 'record-length-past-end',
    about: 'An address record whose length is 400.',
    hex: `${header([1, 1, 0, 0]) + question} c00c 0001 0001 0000012c 0190 c6336450`,
    expect: ['record-truncated'],
  },
  {
    name: 'address-of-three-octets',
    about: 'An address record whose length is 3.',
    hex: `${header([1, 1, 0, 0]) + question} c00c 0001 0001 0000012c 0003 c63364`,
    expect: ['rdata-malformed'],
  },
  {
    name: 'text-past-record',
    about: 'A text record whose string says it is longer than the record.',
    hex: `${header([1, 1, 0, 0]) + question} c00c 0010 0001 0000012c 0004 ff616263`,
    expect: ['rdata-malformed'],
  },
  {
    name: 'trailing-bytes',
    about: 'A whole answer, then seven octets more.',
    hex: `${good} 6d6f7265 212121`,
    expect: ['trailing-bytes'],
  },
  { name: 'empty', about: 'No octet at all.', hex: '', expect: ['short-header'] },
  {
    name: 'header-of-11',
    about: 'A header that lacks its last octet.',
    hex: '1234 8180 0000 0000 0000 00',
    expect: ['short-header'],
  },
  {
    name: 'opt-twice',
    about: 'Two OPT records.',
    hex: header([1, 0, 0, 2]) + question + opt + opt,
    expect: ['opt-repeated'],
  },
  {
    name: 'opt-in-answer',
    about: 'An OPT record in the answer section.',
    hex: header([1, 1, 0, 0]) + question + opt,
    expect: ['opt-misplaced'],
  },
  {
    name: 'opt-option-past-end',
    about: 'An EDNS option whose length is larger than the OPT record.',
    hex: `${header([1, 0, 0, 1]) + question} 00 0029 04d0 00000000 0006 000a 0040 0102`,
    expect: ['opt-malformed'],
  },
  {
    name: 'ttl-high-bit',
    about: 'A time to live with its highest bit set (RFC 2181 section 8 reads it as zero).',
    hex: `${header([1, 1, 0, 0]) + question} c00c 0001 0001 8000012c 0004 c6336450`,
    expect: ['ttl-high-bit'],
  },
  {
    name: 'z-bit',
    about: 'The header bit that must be zero is one.',
    hex: header([1, 0, 0, 0], '81c0') + question,
    expect: ['z-bit'],
  },
  {
    name: 'opcode-3',
    about: 'An opcode that is not assigned.',
    hex: header([1, 0, 0, 0], '9980') + question,
    expect: ['opcode-unassigned'],
  },
  {
    name: 'hostile-octets',
    about:
      'A label of escape, NUL, quote, dot, backslash, newline and octet 255: legal, and must never reach a terminal as it is.',
    hex: `${header([1, 0, 0, 0])} 0b 1b5b326a 00 22 2e 5c 0a ff 27 07 6578616d706c65 00 0001 0001`,
    expect: [],
  },
]
