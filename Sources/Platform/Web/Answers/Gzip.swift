import CZlib
import NIOCore

/// Compression of whole bodies (RFC 1952).
enum Gzip {
    /// Smaller bodies are sent as they are: the frame costs more than it saves.
    static let bytesMin = 1_024

    /// The compressed bytes; `nil` when zlib refuses (no memory).
    static func compress(_ buffer: ByteBuffer, level: Int32 = 5) -> ByteBuffer? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(buffer.readableBytes)))
        var output = ByteBufferAllocator().buffer(capacity: bound)
        let status = buffer.withUnsafeReadableBytes { input in
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space -> Int in
                stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(space.count)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? space.count - Int(stream.avail_out) : 0
            }
        }
        return status > 0 ? output : nil
    }
}
