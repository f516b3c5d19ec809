// A batch of captured packets as typed-array columns over one shared buffer, so that a packet costs no object.

/** Packets per batch at most; 1 MiB of the smallest packets (60 bytes with its record header) fits. */
export const batchPackets = 32_768

/** Columns of consecutive packets; `bytes` and all columns are reused, valid only until the next batch is asked for. */
export class PacketBatch {
  /** The buffer that `start` points into. */
  bytes = new Uint8Array(0)
  /** Packets in this batch. */
  count = 0
  /** Frame number of packet 0, counted from 1 as Wireshark does; packet i is frame `firstFrame + i`. */
  firstFrame = 1
  /** Position of the first captured byte in `bytes`. */
  readonly start = new Uint32Array(batchPackets)
  /** Bytes captured. */
  readonly captured = new Uint32Array(batchPackets)
  /** Bytes on the wire; larger than `captured` when the snap length cut the packet. */
  readonly original = new Uint32Array(batchPackets)
  /** Capture time: whole seconds since 1970 (UTC). */
  readonly seconds = new Uint32Array(batchPackets)
  /** Capture time: nanoseconds within the second, below 1e9. */
  readonly nanoseconds = new Uint32Array(batchPackets)
  /** LINKTYPE_ number of the packet's interface. */
  readonly link = new Uint16Array(batchPackets)
  /** Byte position of the packet's data in the uncompressed capture. */
  readonly offset = new Float64Array(batchPackets)
}
