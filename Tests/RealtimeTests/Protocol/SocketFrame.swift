/// A frame as a client may send it, right or wrong (RFC 6455, section 5.2).
struct SocketFrame {
    var opcode: UInt8
    var payload: [UInt8]
    var isFinal = true
    /// Of 0x40, 0x20 and 0x10.
    var reservedBits: UInt8 = 0
    var isMasked = true

    private static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    var bytes: [UInt8] {
        var bytes = [(isFinal ? 0x80 : 0) | reservedBits | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(mask | UInt8(payload.count))
        case ..<65_536: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: bytes += [mask | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
        guard isMasked else { return bytes + payload }
        return bytes + Self.key + payload.enumerated().map { $0.element ^ Self.key[$0.offset % 4] }
    }

    static func text(_ text: String, isFinal: Bool = true) -> SocketFrame {
        self.text(Array(text.utf8), isFinal: isFinal)
    }

    static func text(_ payload: [UInt8], isFinal: Bool = true) -> SocketFrame {
        SocketFrame(opcode: 0x1, payload: payload, isFinal: isFinal)
    }

    static func more(_ payload: [UInt8], isFinal: Bool) -> SocketFrame {
        SocketFrame(opcode: 0x0, payload: payload, isFinal: isFinal)
    }

    static func ping(_ payload: [UInt8]) -> SocketFrame { SocketFrame(opcode: 0x9, payload: payload) }

    static func pong(_ payload: [UInt8]) -> SocketFrame { SocketFrame(opcode: 0xA, payload: payload) }

    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> SocketFrame {
        SocketFrame(opcode: 0x8, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    /// A text cut into frames at these places.
    static func parts(of payload: [UInt8], cutAt cuts: [Int]) -> [SocketFrame] {
        let ends = cuts + [payload.count]
        return ends.indices.map { index in
            let part = Array(payload[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
            let isLast = index == ends.count - 1
            return index == 0 ? text(part, isFinal: isLast) : more(part, isFinal: isLast)
        }
    }
}

/// What a server has said: a frame that is whole and without a mask.
enum ServerFrame: Equatable, CustomStringConvertible {
    case text(String)
    case pong([UInt8])
    case close(UInt16)
    /// What a server may not send.
    case wrong(String)

    var description: String {
        switch self {
        case .text(let text): "text \(text)"
        case .pong(let payload): "pong of \(payload.count) bytes"
        case .close(let code): "close \(code)"
        case .wrong(let what): "wrong: \(what)"
        }
    }

    /// Takes the frames that are complete off the front of bytes.
    static func take(from bytes: inout [UInt8]) -> [ServerFrame] {
        var frames: [ServerFrame] = []
        var start = 0
        while let (frame, end) = next(in: bytes, at: start) {
            frames.append(frame)
            start = end
        }
        bytes.removeFirst(start)
        return frames
    }

    private static func next(in bytes: [UInt8], at start: Int) -> (ServerFrame, end: Int)? {
        guard bytes.count >= start + 2 else { return nil }
        let (first, second) = (bytes[start], bytes[start + 1])
        var (body, count) = (start + 2, Int(second & 0x7F))
        if count >= 126 {
            let width = count == 126 ? 2 : 8
            guard bytes.count >= body + width else { return nil }
            count = bytes[body..<(body + width)].reduce(0) { $0 << 8 | Int($1) }
            body += width
        }
        guard bytes.count >= body + count else { return nil }
        return (frame(first, isMasked: second & 0x80 != 0, Array(bytes[body..<(body + count)])), body + count)
    }

    private static func frame(_ first: UInt8, isMasked: Bool, _ payload: [UInt8]) -> ServerFrame {
        guard first & 0x70 == 0, first & 0x80 != 0, !isMasked else { return .wrong("the first byte \(first)") }
        switch first & 0xF {
        case 0x1: return String(validating: payload, as: UTF8.self).map { .text($0) } ?? .wrong("no UTF-8")
        case 0x8 where payload.count >= 2: return .close(UInt16(payload[0]) << 8 | UInt16(payload[1]))
        case 0xA: return .pong(payload)
        default: return .wrong("the opcode \(first & 0xF)")
        }
    }
}
