import CZlib
public import NIOCore

/// Compression of whole bodies (RFC 1952).
public enum Gzip {
    /// Smaller bodies are sent as they are: the frame costs more than it saves.
    static let bytesMin = 1_024

    /// The compressed bytes, one member of a file; `nil` when zlib refuses (no memory).
    ///
    /// Members that follow each other are a file of what they hold together.
    ///
    /// - Parameters:
    ///   - buffer: What is compressed.
    ///   - level: How hard zlib tries, 1 to 9. Defaults to 5.
    /// - Returns: The compressed bytes.
    public static func compress(_ buffer: ByteBuffer, level: Int32 = 5) -> ByteBuffer? {
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

/// Reads a file of one or more members back, chunk by chunk.
public final class GzipReader {
    private enum Bounds {
        static let piece = 65_536
    }

    private var stream = z_stream()
    private var isWithinMember = false

    /// Begins before the first byte; `nil` when zlib refuses (no memory).
    public init?() {
        guard inflateInit2_(&stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
    }

    deinit { inflateEnd(&stream) }

    /// Whether the bytes so far end where a member ends.
    public var isAtEnd: Bool { !isWithinMember }

    /// Reads a chunk; hands over what it holds in pieces of at most 64 KiB.
    ///
    /// - Parameters:
    ///   - chunk: The next bytes of the file.
    ///   - body: Takes a piece.
    /// - Returns: `false` when the bytes are no such file; nothing more can be read then.
    public func read(_ chunk: ByteBuffer, _ body: (ByteBuffer) -> Void) -> Bool {
        chunk.withUnsafeReadableBytes { input in
            stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(input.count)
            while stream.avail_in > 0 {
                isWithinMember = true
                var piece = ByteBufferAllocator().buffer(capacity: Bounds.piece)
                var status = Z_OK
                piece.writeWithUnsafeMutableBytes(minimumWritableBytes: Bounds.piece) { space in
                    stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    stream.avail_out = UInt32(Bounds.piece)
                    status = inflate(&stream, Z_NO_FLUSH)
                    return Bounds.piece - Int(stream.avail_out)
                }
                guard status == Z_OK || status == Z_STREAM_END else { return false }
                if piece.readableBytes > 0 { body(piece) }
                guard status == Z_STREAM_END else { continue }
                isWithinMember = false
                guard inflateReset(&stream) == Z_OK else { return false }
            }
            return true
        }
    }
}
