import NIOCore

/// A message as nodes hold it: encoded once, whoever reads it by whatever way.
struct TopicMessage: Sendable, Hashable {
    let offset: Int64
    let frame: SharedFrame
}

/// A text for many connections: one buffer in which a socket's frame and an event's data overlap.
///
/// `[frame header][JSON][two line ends]`: a socket is sent the first two parts, a stream of events the last two.
struct SharedFrame: Sendable, Hashable {
    private static let ends = 2

    private let buffer: ByteBuffer
    private let headerBytes: Int

    /// Takes JSON that stands on one line.
    init(json parts: [ByteBuffer]) {
        let count = parts.reduce(0) { $0 + $1.readableBytes }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(count + 12)
        WebSocketText.writeHeader(opcode: WebSocketText.text, count: count, to: &buffer)
        headerBytes = buffer.readableBytes
        for part in parts { buffer.writeImmutableBuffer(part) }
        buffer.writeStaticString("\n\n")
        self.buffer = buffer
    }

    /// A message of a topic.
    init(topic: TopicName, offset: Int64, body: ByteBuffer) {
        self.init(json: [
            ByteBuffer(string: "{\"topic\":\"\(topic)\",\"offset\":\(offset),\"data\":"), body, ByteBuffer(string: "}"),
        ])
    }

    /// A signal of a topic, which is never kept.
    init(topic: TopicName, from: String?, signal: ByteBuffer) {
        let sender = from.map { ",\"from\":\(JSONText.quoted($0))" } ?? ""
        self.init(json: [
            ByteBuffer(string: "{\"topic\":\"\(topic)\"\(sender),\"signal\":"), signal, ByteBuffer(string: "}"),
        ])
    }

    /// Any text for one connection or many.
    init(text: String) { self.init(json: [ByteBuffer(string: text)]) }

    /// What a socket is sent.
    var socket: ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex, length: buffer.readableBytes - Self.ends) ?? buffer
    }

    /// What a stream of events is sent after `data: `.
    var event: ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex + headerBytes, length: buffer.readableBytes - headerBytes) ?? buffer
    }

    /// The JSON alone, as nodes send it to each other.
    var json: ByteBuffer { buffer.getSlice(at: buffer.readerIndex + headerBytes, length: count) ?? buffer }

    /// Bytes of the JSON.
    var count: Int { buffer.readableBytes - headerBytes - Self.ends }
}

/// Frames of RFC 6455 as a server writes them: whole, without a mask.
enum WebSocketText {
    static let text: UInt8 = 0x1
    static let close: UInt8 = 0x8
    static let ping: UInt8 = 0x9
    static let pong: UInt8 = 0xA

    static func writeHeader(opcode: UInt8, count: Int, to buffer: inout ByteBuffer) {
        buffer.writeInteger(0x80 | opcode)
        switch count {
        case ..<126: buffer.writeInteger(UInt8(count))
        case ..<65_536:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(count))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(count))
        }
    }

    static func frame(_ opcode: UInt8, _ payload: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(payload.readableBytes + 10)
        writeHeader(opcode: opcode, count: payload.readableBytes, to: &buffer)
        buffer.writeImmutableBuffer(payload)
        return buffer
    }

    static func close(_ code: CloseCode, _ reason: String) -> ByteBuffer { close(code.rawValue, reason) }

    static func close(_ code: UInt16, _ reason: String = "") -> ByteBuffer {
        var payload = ByteBuffer(integer: code)
        payload.writeString(String(reason.prefix(100)))
        return frame(close, payload)
    }
}

/// The little JSON that is written by hand.
enum JSONText {
    /// A text in quotes.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// JSON on one line: a line's end can only stand between its words.
    static func onOneLine(_ json: String) -> String {
        json.utf8.contains { $0 == 10 || $0 == 13 }
            ? String(decoding: json.utf8.map { $0 == 10 || $0 == 13 ? 32 : $0 }, as: UTF8.self) : json
    }
}
