import NIOCore

/// Puts the frames of a socket together to messages and judges them by RFC 6455: pure.
struct MessageAssembler {
    /// A frame without its mask.
    struct Frame {
        var opcode: UInt8
        var isFinal: Bool
        var hasReservedBits: Bool
        var isMasked: Bool
        var data: ByteBuffer
    }

    enum Event: Equatable {
        /// Nothing yet.
        case incomplete
        case text(String)
        case ping(ByteBuffer)
        case pong
        /// The other side closes; the code that is to be answered.
        case close(UInt16)
        /// The connection must be ended.
        case violation(CloseCode, String)
    }

    /// What there is of a message in parts.
    private struct Gathered {
        var data = ByteBuffer()
        var check = UTF8Check()
    }

    let bytesMax: Int
    private var gathered: Gathered?

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    mutating func take(_ frame: Frame) -> Event {
        if frame.hasReservedBits { return .violation(.protocolError, "a reserved bit is set") }
        guard frame.isMasked else { return .violation(.protocolError, "a client's frame is not masked") }
        switch frame.opcode {
        case 0x0:
            guard gathered != nil else { return .violation(.protocolError, "a message begins with its continuation") }
            return gather(frame)
        case 0x1:
            guard gathered == nil else { return .violation(.protocolError, "a message begins within another") }
            if frame.isFinal { return text(frame.data) }
            gathered = Gathered()
            return gather(frame)
        case 0x2: return .violation(.unsupportedData, "messages are text")
        case 0x8...0xA: return control(frame)
        default: return .violation(.protocolError, "the opcode \(frame.opcode) is reserved")
        }
    }

    private mutating func gather(_ frame: Frame) -> Event {
        guard (gathered?.data.readableBytes ?? 0) + frame.data.readableBytes <= bytesMax else {
            return .violation(.tooLarge, "a message has more than \(bytesMax) bytes")
        }
        gathered?.data.writeImmutableBuffer(frame.data)
        // What can no longer become a text is refused now: its end may never come.
        guard gathered?.check.take(frame.data.readableBytesView) == true else {
            return .violation(.invalidText, "a text is not UTF-8")
        }
        guard frame.isFinal, let whole = gathered?.data else { return .incomplete }
        gathered = nil
        return text(whole)
    }

    private func text(_ data: ByteBuffer) -> Event {
        guard data.readableBytes <= bytesMax else {
            return .violation(.tooLarge, "a message has more than \(bytesMax) bytes")
        }
        guard let text = String(validating: data.readableBytesView, as: UTF8.self) else {
            return .violation(.invalidText, "a text is not UTF-8")
        }
        return .text(text)
    }

    private func control(_ frame: Frame) -> Event {
        guard frame.isFinal, frame.data.readableBytes <= 125 else {
            return .violation(.protocolError, "a control frame is long or in parts")
        }
        if frame.opcode == 0x9 { return .ping(frame.data) }
        if frame.opcode == 0xA { return .pong }
        var data = frame.data
        if data.readableBytes == 0 { return .close(CloseCode.normal.rawValue) }
        guard let code = data.readInteger(as: UInt16.self), Self.isAllowed(code) else {
            return .violation(.protocolError, "the code of a close is not one that may be sent")
        }
        guard String(validating: data.readableBytesView, as: UTF8.self) != nil else {
            return .violation(.invalidText, "the reason of a close is not UTF-8")
        }
        return .close(code)
    }

    /// The codes that may stand in a frame (section 7.4 and its registry).
    private static func isAllowed(_ code: UInt16) -> Bool {
        switch code {
        case 1_000...1_003, 1_007...1_014, 3_000...4_999: true
        default: false
        }
    }
}

/// Whether bytes that come in parts can still become UTF-8 (RFC 3629, section 4).
struct UTF8Check {
    /// Bytes that the character at the end still lacks.
    private var missing = 0
    /// What the next of them may be.
    private var allowed: ClosedRange<UInt8> = 0x80...0xBF

    /// Takes the next part; `false` when no text begins with what has come.
    mutating func take(_ bytes: some Sequence<UInt8>) -> Bool {
        for byte in bytes {
            if missing > 0 {
                guard allowed.contains(byte) else { return false }
                missing -= 1
                allowed = 0x80...0xBF
                continue
            }
            switch byte {
            case 0x00...0x7F: break
            case 0xC2...0xDF: missing = 1
            case 0xE0...0xEF:
                missing = 2
                // Neither longer than needed nor a half of a pair.
                if byte == 0xE0 { allowed = 0xA0...0xBF }
                if byte == 0xED { allowed = 0x80...0x9F }
            case 0xF0...0xF4:
                missing = 3
                // Neither longer than needed nor beyond the last character.
                if byte == 0xF0 { allowed = 0x90...0xBF }
                if byte == 0xF4 { allowed = 0x80...0x8F }
            default: return false
            }
        }
        return true
    }
}
