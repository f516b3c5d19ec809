// DNS messages from the wire: header, questions, records, OPT, and what is said of the odd ones. The broken ones of samples/malformed have their own test.

import { describe, expect, it } from 'vitest'
import { textOf } from '../src/dns/bytes.ts'
import { className, rcodeName, typeName } from '../src/dns/codes.ts'
import { anomaliesOf } from '../src/ingest/decode/anomaly.ts'
import { decodeMessage, Message } from '../src/ingest/decode/message.ts'
import { querySection, Records } from '../src/ingest/decode/records.ts'
import { bytes } from './capture-bytes.ts'

const question = '03777777 076578616d706c65 03636f6d 00 0001 0001 // www.example.com A IN\n'
const answer = 'c00c 0001 0001 0000012c 0004 c6336450 // A 198.51.100.80 for 300 s\n'

describe('the header', () => {
  it('gives each flag', () => {
    const { message } = decode('beef 8580 0000 0000 0000 0000')
    expect([message.id, message.flags, message.isResponse]).toEqual([0xbeef, 0x8580, true])
    expect([message.opcode, message.rcode, message.hasHeader]).toEqual([0, 0, true])
    for (const flags of [0x0000, 0x7800, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010, 0x000f]) {
      const { message: other } = decode(`0000 ${hex16(flags)} 0000 0000 0000 0000`)
      expect([other.flags, other.isResponse]).toEqual([flags, false])
      expect([other.opcode, other.rcode]).toEqual([(flags >> 11) & 15, flags & 15])
    }
  })

  it('cut short gives what it has, and nothing of the message before', () => {
    const message = new Message()
    const records = new Records(4)
    const whole = bytes(`beef 8583 0001 0001 0000 0000 ${question} ${answer}`)
    for (let end = 0; end < 12; end++) {
      decodeMessage(whole, 0, whole.length, false, message, records, 0)
      decodeMessage(whole, 0, end, false, message, records, 0)
      expect(anomaliesOf(message.anomalies)).toEqual(['short-header'])
      expect([message.hasHeader, message.isQuestionReadable]).toEqual([false, false])
      expect([message.qname.pos, message.questions, message.rcode]).toEqual([0, 0, end < 4 ? 0 : 3])
      expect([message.id, message.size]).toEqual([end < 2 ? 0 : 0xbeef, end])
      expect(message.isResponse).toBe(end >= 4)
    }
  })

  it('of every opcode is read, and the unassigned ones are named', () => {
    for (let opcode = 0; opcode < 16; opcode++) {
      const { anomalies } = decode(`0000 ${hex16(opcode << 11)} 0001 0000 0000 0000 ${question}`)
      const isAssigned = [0, 1, 2, 4, 5, 6].includes(opcode)
      expect(anomalies).toEqual(isAssigned ? [] : ['opcode-unassigned'])
    }
  })
})

describe('questions', () => {
  it('beyond the first stand with the records, of a query as of an answer', () => {
    const wire = `0001 0100 0003 0000 0000 0000 ${question}
      c010 001c 0001        // example.com AAAA IN
      00 0010 0003          // . TXT CH`
    for (const shift of [0, querySection]) {
      const { message, records, anomalies } = decode(wire, { shift })
      expect(message.questions).toBe(3)
      expect(anomalies).toEqual(['several-questions'])
      expect(records).toEqual(['0 example.com AAAA IN 0 ', '0 . TXT CH 0 '])
    }
  })

  it('that QDCOUNT promises in vain leave the first as it is', () => {
    const { message, anomalies } = decode(`0001 0100 ffff 0000 0000 0000 ${question}`)
    expect(textOf(message.qname.buf, 0, message.qname.pos)).toBe('www.example.com')
    expect([message.isQuestionReadable, message.questions]).toEqual([true, 1])
    expect(anomalies).toEqual(['question-truncated', 'name-truncated', 'several-questions'])
  })

  it('keep their letters beside the folded name', () => {
    const { message } = decode('0001 0100 0001 0000 0000 0000 03 577757 01 61 00 0001 0001')
    expect(textOf(message.qname.buf, 0, message.qname.pos)).toBe('www.a')
    expect(textOf(message.qnameRaw.buf, 0, message.qnameRaw.pos)).toBe('WwW.a')
  })

  it('whose name loops are not readable, but their type is', () => {
    const { message } = decode('0001 0100 0001 0000 0000 0000 c00c 0010 0003')
    expect([message.isQuestionReadable, message.qname.pos]).toEqual([false, 0])
    expect([typeName(message.qtype), className(message.qclass)]).toEqual(['TXT', 'CH'])
  })
})

describe('records', () => {
  it('come in message order with their section', () => {
    const { records } = decode(`0001 8180 0001 0001 0001 0002 ${question} ${answer}
      c010 0002 0001 00000e10 0005 026e73 c010          // NS ns.example.com
      c03a 0001 0001 00000e10 0004 cb007135
      00 ff98 0009 00000000 0003 010203                 // a type and a class nobody knows`)
    expect(records).toEqual([
      '1 www.example.com A IN 300 198.51.100.80',
      '2 example.com NS IN 3600 ns.example.com',
      expect.stringMatching(/^3 /),
      '3 . TYPE65432 CLASS9 0 \\# 3 010203',
    ])
  })

  it('of a query are shifted', () => {
    const { records } = decode(
      `0001 0000 0001 0001 0001 0001 ${question} ${answer.repeat(1)}
      c00c 0001 0001 00000000 0004 01020304
      c00c 0001 0001 00000000 0004 01020305`,
      { shift: querySection },
    )
    expect(records.map((record) => record[0])).toEqual(['5', '6', '7'])
  })

  it('with the highest time to live keep it, and are named', () => {
    const { records, anomalies } = decode(
      `0001 8180 0001 0001 0000 0000 ${question} c00c 0001 0001 ffffffff 0004 01020304`,
    )
    expect(records).toEqual(['1 www.example.com A IN 4294967295 1.2.3.4'])
    expect(anomalies).toEqual(['ttl-high-bit'])
  })

  it('that were read before the message breaks are kept', () => {
    const { records, anomalies } = decode(
      `0001 8180 0001 0003 0000 0000 ${question} ${answer} c00c 0001 0001 0000012c 0004 c633`,
    )
    expect(records).toEqual(['1 www.example.com A IN 300 198.51.100.80'])
    expect(anomalies).toEqual(['record-truncated'])
  })

  it('whose data does not parse are kept as hexadecimal', () => {
    const { records, anomalies } = decode(
      `0001 8180 0001 0002 0000 0000 ${question} c00c 0001 0001 00000001 0003 010203 ${answer}`,
    )
    expect(records).toEqual([
      '1 www.example.com A IN 1 \\# 3 010203',
      '1 www.example.com A IN 300 198.51.100.80',
    ])
    expect(anomalies).toEqual(['rdata-malformed'])
  })

  it('of a pointer at the question have its name even where the question is unreadable', () => {
    const { records } = decode(
      `0001 8180 0001 0001 0000 0000 01 61 c00c 0001 0001 c00c 0001 0001 00000001 0004 01020304`,
    )
    expect(records).toEqual(['1 a A IN 1 1.2.3.4'])
  })
})

describe('a query that carries answers', () => {
  const wire = (flags: string) => `0001 ${flags} 0001 0001 0000 0000 ${question} ${answer}`

  it('is named', () => {
    expect(decode(wire('0100')).anomalies).toEqual(['query-has-answers'])
    expect(decode(wire('8100')).anomalies).toEqual([])
  })

  it('is ordinary for UPDATE, whose prerequisites stand there (RFC 2136 section 2.4)', () => {
    const { message, records, anomalies } = decode(`0001 2800 0001 0001 0002 0000
      07 6578616d706c65 00 0006 0001            // zone example
      01 61 c00c 00ff 00fe 00000000 0000        // no record at a.example
      01 62 c00c 0001 0001 0000003c 0004 c0000201 // add
      01 63 c00c 00ff 00ff 00000000 0000        // delete all at c.example`)
    expect([message.opcode, anomalies]).toEqual([5, []])
    expect(records).toEqual([
      '1 a.example ANY NONE 0 ',
      '2 b.example A IN 60 192.0.2.1',
      '2 c.example ANY ANY 0 ',
    ])
  })

  it('is ordinary for NOTIFY, which may carry the new SOA (RFC 1996 section 3.7)', () => {
    const { records, anomalies } = decode(`0001 2400 0001 0001 0000 0000
      07 6578616d706c65 00 0006 0001
      c00c 0006 0001 00000000 0018 c00c c00c 00000007 00000002 00000003 00000004 00000005`)
    expect(anomalies).toEqual([])
    expect(records).toEqual(['1 example SOA IN 0 example example 7 2 3 4 5'])
  })

  it('is ordinary for multicast DNS, which sends what it knows (RFC 6762 section 7.1)', () => {
    expect(decode(wire('0000'), { isMulticast: true }).anomalies).toEqual([])
  })
})

describe('multicast DNS', () => {
  it('marks classes with its top bit, which is no part of them', () => {
    const { message, records, anomalies } = decode(
      `0000 8400 0001 0001 0000 0000
       01 61 05 6c6f63616c 00 0001 8001
       c00c 0001 8001 00000078 0004 c0000201`,
      { isMulticast: true },
    )
    expect(message.qclass).toBe(1)
    expect(records).toEqual(['1 a.local A IN 120 192.0.2.1'])
    expect(anomalies).toEqual([])
  })

  it('has the bit as a class of its own elsewhere', () => {
    const { message } = decode('0000 0000 0001 0000 0000 0000 01 61 00 0001 8001')
    expect(className(message.qclass)).toBe('CLASS32769')
  })

  it('needs no question', () => {
    const wire = '0000 8400 0000 0000 0000 0000'
    expect(decode(wire, { isMulticast: true }).anomalies).toEqual([])
    expect(decode(wire).anomalies).toEqual(['no-question'])
  })
})

describe('OPT', () => {
  const withOpt = (opt: string, flags = '8180') =>
    decode(`0001 ${flags} 0001 0000 0000 0001 ${question} ${opt}`)

  it('gives size, version and DO, and is no record', () => {
    const { message, records, anomalies } = withOpt('00 0029 04d0 00 01 8000 0000')
    expect([message.hasOpt, message.ednsSize, message.ednsVersion]).toEqual([true, 1232, 1])
    expect([message.isDnssecOk, records, anomalies]).toEqual([true, [], []])
  })

  it('gives the response code its upper bits', () => {
    expect(rcodeName(withOpt('00 0029 04d0 01 00 0000 0000', '8180').message.rcode)).toBe('BADVERS')
    expect(rcodeName(withOpt('00 0029 04d0 01 00 0000 0000', '8187').message.rcode)).toBe(
      'BADCOOKIE',
    )
    expect(rcodeName(withOpt('00 0029 04d0 ff 00 0000 0000', '818f').message.rcode)).toBe(
      'RCODE4095',
    )
  })

  it('notes where its options stand', () => {
    const { message, wire } = withOpt('00 0029 1000 00000000 000c 000a 0008 0102030405060708')
    expect(Buffer.from(wire.subarray(message.optStart, message.optEnd)).toString('hex')).toBe(
      '000a00080102030405060708',
    )
  })

  it('may stand before other records', () => {
    const { message, records, anomalies } = decode(`0001 8180 0001 0000 0000 0002 ${question}
      00 0029 1000 00000000 0000 ${answer}`)
    expect([message.ednsSize, anomalies]).toEqual([4096, []])
    expect(records).toEqual(['3 www.example.com A IN 300 198.51.100.80'])
  })

  it('counts once: a second one changes nothing', () => {
    const { message, anomalies } = decode(`0001 8180 0001 0000 0000 0002 ${question}
      00 0029 1000 00000000 0000
      00 0029 0200 01000000 0000`)
    expect([message.ednsSize, message.rcode, anomalies]).toEqual([4096, 0, ['opt-repeated']])
  })

  it('in the authority section of a query is misplaced, whatever the shift', () => {
    for (const shift of [0, querySection]) {
      const { anomalies } = decode(
        `0001 0100 0001 0000 0001 0000 ${question} 00 0029 1000 00000000 0000`,
        { shift },
      )
      expect(anomalies).toEqual(['opt-misplaced'])
    }
    const { anomalies } = decode(
      `0001 0100 0001 0000 0000 0001 ${question} 00 0029 1000 00000000 0000`,
      { shift: querySection },
    )
    expect(anomalies).toEqual([])
  })

  it('whose length leads past the end keeps its fields', () => {
    const { message, anomalies, wire } = withOpt('00 0029 1000 00000000 0008 000a 0004')
    expect([message.hasOpt, message.ednsSize, message.optEnd]).toEqual([true, 4096, wire.length])
    expect(anomalies).toEqual(['record-truncated', 'opt-malformed'])
  })

  it('of the message before is forgotten', () => {
    const message = new Message()
    const first = bytes(`0001 8180 0001 0000 0000 0001 ${question} 00 0029 04d0 01018000 0000`)
    const second = bytes(`0002 0100 0001 0000 0000 0000 ${question}`)
    decodeMessage(first, 0, first.length, false, message, new Records(1), 0)
    decodeMessage(second, 0, second.length, false, message, new Records(1), 0)
    expect([message.hasOpt, message.ednsSize, message.ednsVersion]).toEqual([false, 0, 0])
    expect([message.isDnssecOk, message.rcode, message.optEnd]).toEqual([false, 0, 0])
  })
})

describe('a message made to unfold', () => {
  it('stops at a mebibyte of text, and says so', () => {
    const { textBytes, anomalies, recordCount } = decodeLarge(0x0010, longestName(), 'c04c')
    expect(anomalies).toContain('record-limit')
    expect(textBytes).toBeGreaterThan(1 << 20)
    expect(textBytes).toBeLessThan((1 << 20) + 8192)
    expect(recordCount).toBeGreaterThan(1000)
  })

  it('has one mebibyte for all sections and questions together', () => {
    const half = 1800
    const head = `0001 8180 ${hex16(half)} ${hex16(half)} ${hex16(half)} 0000`
    const asked = `${longestName()} 0001 0001 ${'c00c 0001 0001 '.repeat(half - 1)}`
    const { textBytes, anomalies } = sizes(
      bytes(`${head} ${asked} ${'c00c 0002 0001 00000000 0002 c00c '.repeat(2 * half)}`),
    )
    expect(anomalies).toContain('record-limit')
    expect(textBytes).toBeLessThan((1 << 20) + 8192)
  })

  it('of chained pointers follows none of them far', () => {
    // 8,000 pointers, each to the one before, and 3,000 owner names that start at the last: 24 million steps without a limit.
    const links = 8000
    const chainAt = 12 + 11
    let chain = '00'
    for (let i = 0; i < links; i++) {
      chain += hex16(0xc000 | (i === 0 ? chainAt : chainAt + 2 * i - 1))
    }
    const last = hex16(0xc000 | (chainAt + 2 * links - 1))
    const { anomalies, recordCount } = sizes(
      bytes(`0001 8400 0000 ${hex16(3001)} 0000 0000
        00 000a 0001 00000000 ${hex16(2 * links + 1)} ${chain}
        ${`${last} 0001 0001 00000000 0000 `.repeat(3000)}`),
    )
    expect(recordCount).toBe(3001)
    expect(anomalies).toContain('pointer-loop')
  })
})

/** 255 octets that take four characters each. */
function longestName(): string {
  return `${[63, 63, 63, 61].map((size) => size.toString(16) + 'ff'.repeat(size)).join(' ')} 00`
}

/** 64 kB of records of which each owner is a pointer at a name of 751 characters. */
function decodeLarge(type: number, asked: string, owner: string) {
  const record = `${owner} ${hex16(type)} 0001 00000000 0001 00 `
  const records = Math.floor((65_535 - 12 - 260) / 13)
  return sizes(
    bytes(
      `0001 8180 0001 ${hex16(records)} 0000 0000 ${asked} 0001 0001 ${record.repeat(records)}`,
    ),
  )
}

function sizes(wire: Uint8Array) {
  expect(wire.length).toBeLessThan(65_536)
  const message = new Message()
  const records = new Records(16)
  decodeMessage(wire, 0, wire.length, false, message, records, 0)
  return {
    textBytes: records.name.bytes.pos + records.data.bytes.pos,
    recordCount: records.count,
    anomalies: anomaliesOf(message.anomalies),
  }
}

function decode(digits: string, how: { isMulticast?: boolean; shift?: number } = {}) {
  const wire = bytes(digits)
  const message = new Message()
  const records = new Records(1)
  decodeMessage(wire, 0, wire.length, how.isMulticast ?? false, message, records, how.shift ?? 0)
  return {
    wire,
    message,
    records: spell(records, message),
    anomalies: anomaliesOf(message.anomalies),
  }
}

/** `section name type class ttl data` of each record. */
function spell(records: Records, { qname }: Message): string[] {
  let name = 0
  let data = 0
  return Array.from({ length: records.count }, (_, row) => {
    const names = records.name.bytes.buf
    const datas = records.data.bytes.buf
    const kept = textOf(names, name + 1, name + 1 + names[name])
    const owner = kept === '' ? textOf(qname.buf, 0, qname.pos) : kept === '\\' ? '' : kept
    const text = textOf(datas, data + 1, data + 1 + datas[data])
    expect(Math.max(names[name], datas[data])).toBeLessThan(128)
    name += 1 + names[name]
    data += 1 + datas[data]
    const fixed = `${typeName(records.type[row])} ${className(records.class[row])}`
    return `${records.section[row]} ${owner} ${fixed} ${records.ttl[row]} ${text}`
  })
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0')
}
