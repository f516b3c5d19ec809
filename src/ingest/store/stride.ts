// Positions in a capture as what lies beside a straight line: packets are of like size, so a frame's number nearly says where it stands.

import type { Block } from './block.ts'
import { setGap, wideAt } from './row-cells.ts'

/** Longest average that is used, in 1/256 bytes: with frames below 2^32 every product stays exact in a double. */
const longestStride = 1 << 20

/** Bytes from one frame to the next in 1/256 bytes, by the last query of the block; 0 where that says nothing of use. */
export function strideOf(block: Block): number {
  for (let row = block.rows - 1; row >= 0; row--) {
    const frame = wideAt(block.frame, row)
    if (frame === 0) continue
    const stride = Math.round((256 * wideAt(block.offset, row)) / frame)
    return stride < longestStride ? stride : 0
  }
  return 0
}

/** `stride` where all frames of the block fit in 32 bits, else 0: then positions are kept as they are. */
export function strideFor(block: Block, stride: number): number {
  const { frame, frameGap, rows } = block
  for (let row = 0; row < rows; row++) {
    const gapHigh = frameGap[2 * row + 1]
    if (frame[2 * row + 1] !== 0) return 0
    if (gapHigh !== 0 && gapHigh !== 0xffffffff && gapHigh !== sameFrame) return 0
  }
  return stride
}

/** High word of a frame gap that says: the answer has the number of its query, which happens when they lie in two files of one rotation. */
export const sameFrame = 0x80000000

/** The column `offset_rest`: each query's position less what its frame number says of it. */
export function offsetRests(block: Block, stride: number): Uint32Array<ArrayBuffer> {
  const { frame, offset, rows } = block
  const rests = new Uint32Array(2 * rows)
  for (let row = 0; row < rows; row++)
    setGap(rests, row, wideAt(offset, row) - Math.floor((wideAt(frame, row) * stride) / 256))
  return rests
}

/** The column `offset_gap_rest`: the bytes from query to answer less what the frames between them say. */
export function offsetGapRests(block: Block, stride: number): Uint32Array<ArrayBuffer> {
  const { frameGap, offsetGap, rows } = block
  const rests = new Uint32Array(2 * rows)
  for (let row = 0; row < rows; row++) {
    const gap = frameGap[2 * row + 1] === sameFrame ? 0 : signedAt(frameGap, row)
    setGap(rests, row, signedAt(offsetGap, row) - Math.floor((gap * stride) / 256))
  }
  return rests
}

function signedAt(column: Uint32Array, row: number): number {
  return column[2 * row] + (column[2 * row + 1] | 0) * 4_294_967_296
}
