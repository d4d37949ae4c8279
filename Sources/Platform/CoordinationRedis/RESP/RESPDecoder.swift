import NIOCore

/// Reads values of RESP3 from bytes that arrive in pieces of any size.
///
/// It never goes back: what was read of a value that is not complete is kept as what it is, so that a reply of a million
/// elements in a thousand pieces costs as much as in one. What the server claims reserves no memory; every size, the
/// depth and the number of elements are bounded. After a violation nothing more is read.
struct RESPDecoder {
    /// What a single reply may be.
    struct Bounds: Sendable {
        /// Bytes of a line: a number, a simple string, an error.
        var lineBytes = 65_536
        /// Bytes of a byte string.
        var stringBytes = 16_777_216
        /// Bytes of all byte strings of a reply.
        var replyBytes = 67_108_864
        /// Elements of a reply in all.
        var elements = 1_048_576
        /// Aggregates within each other.
        var depth = 32
    }

    private enum Aggregate {
        case array, set, map, push, attribute
    }

    private struct Frame {
        var kind: Aggregate
        /// Elements that are still to come; `nil` of a stream, which ends with a mark of its own.
        var remaining: Int?
        var items: [RESPValue] = []
    }

    private enum Text {
        case bytes, error, verbatim, chunk
    }

    private let bounds: Bounds
    private var buffer = ByteBuffer()
    private var frames: [Frame] = []
    /// A byte string whose length is known and whose bytes are still to come.
    private var awaited: (kind: Text, length: Int)?
    /// A byte string that comes in chunks.
    private var stream: [UInt8]?
    /// Bytes behind the reader index that hold no line's end.
    private var scanned = 0
    private var elements = 0
    private var replyBytes = 0
    private var violation: RESPViolation?

    init(bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// Bytes that are kept until more come.
    var waitingBytes: Int { buffer.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        buffer.discardReadBytes()
        buffer.writeImmutableBuffer(bytes)
    }

    /// The next complete value; `nil` when more bytes are needed.
    mutating func next() throws(RESPViolation) -> RESPValue? {
        if let violation { throw violation }
        do {
            while true {
                guard let token = try readToken() else { return nil }
                if let value = try complete(token) {
                    elements = 0
                    replyBytes = 0
                    return value
                }
            }
        } catch {
            violation = error
            throw error
        }
    }

    // MARK: Tokens

    /// What one line, or one string, means.
    private enum Token {
        case value(RESPValue)
        case end
        case none
    }

    private mutating func readToken() throws(RESPViolation) -> Token? {
        if let awaited {
            guard let bytes = try readString(awaited.length) else { return nil }
            self.awaited = nil
            return try finish(bytes, as: awaited.kind)
        }
        guard let line = try readLine() else { return nil }
        return try interpret(line)
    }

    /// The bytes of a line without its end.
    private mutating func readLine() throws(RESPViolation) -> ByteBufferView? {
        let view = buffer.readableBytesView
        guard let end = view[(view.startIndex + scanned)...].firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = view.count
            guard scanned <= bounds.lineBytes else { throw RESPViolation("a line exceeds \(bounds.lineBytes) bytes") }
            return nil
        }
        scanned = 0
        let length = end - view.startIndex
        guard length >= 2, view[end - 1] == UInt8(ascii: "\r") else { throw RESPViolation("a line has no type or end") }
        guard length <= bounds.lineBytes else { throw RESPViolation("a line exceeds \(bounds.lineBytes) bytes") }
        buffer.moveReaderIndex(forwardBy: length + 1)
        return view[view.startIndex..<end - 1]
    }

    private mutating func readString(_ length: Int) throws(RESPViolation) -> [UInt8]? {
        guard buffer.readableBytes >= length + 2 else { return nil }
        guard let bytes = buffer.readBytes(length: length), let end = buffer.readInteger(as: UInt16.self),
            end == 0x0D0A
        else { throw RESPViolation("a string of \(length) bytes does not end where it should") }
        return bytes
    }

    private mutating func interpret(_ line: ByteBufferView) throws(RESPViolation) -> Token {
        let rest = line.dropFirst()
        if stream != nil, line.first != UInt8(ascii: ";") { throw RESPViolation("a streamed string is interrupted") }
        switch line.first {
        case UInt8(ascii: "+"): return .value(.simple(Self.text(rest)))
        case UInt8(ascii: "-"): return .value(.error(RESPError(Self.text(rest))))
        case UInt8(ascii: ":"): return .value(.number(try Self.integer(rest)))
        case UInt8(ascii: "$"): return try beginString(rest, .bytes)
        case UInt8(ascii: "!"): return try beginString(rest, .error)
        case UInt8(ascii: "="): return try beginString(rest, .verbatim)
        case UInt8(ascii: ";"): return try beginChunk(rest)
        case UInt8(ascii: "*"): return try begin(.array, rest)
        case UInt8(ascii: "~"): return try begin(.set, rest)
        case UInt8(ascii: "%"): return try begin(.map, rest)
        case UInt8(ascii: ">"): return try begin(.push, rest)
        case UInt8(ascii: "|"): return try begin(.attribute, rest)
        case UInt8(ascii: "."):
            guard rest.isEmpty else { throw RESPViolation("the end of a stream says more than that") }
            return .end
        case UInt8(ascii: "_"):
            guard rest.isEmpty else { throw RESPViolation("a null says more than that") }
            return .value(.null)
        case UInt8(ascii: "#"):
            guard rest.elementsEqual("t".utf8) || rest.elementsEqual("f".utf8) else {
                throw RESPViolation("a boolean is neither t nor f")
            }
            return .value(.boolean(rest.first == UInt8(ascii: "t")))
        case UInt8(ascii: ","): return .value(.double(try Self.double(rest)))
        case UInt8(ascii: "("): return .value(.bigNumber(try Self.digits(rest)))
        default: throw RESPViolation("a line begins with no type of RESP3")
        }
    }

    // MARK: Strings

    private mutating func beginString(_ rest: ByteBufferView, _ kind: Text) throws(RESPViolation) -> Token {
        if kind == .bytes, rest.elementsEqual("?".utf8) {
            stream = []
            return .none
        }
        let length = try Self.integer(rest)
        if kind == .bytes, length == -1 { return .value(.null) }
        try expect(kind, Int(length))
        return .none
    }

    private mutating func beginChunk(_ rest: ByteBufferView) throws(RESPViolation) -> Token {
        guard let bytes = stream else { throw RESPViolation("a chunk comes outside of a streamed string") }
        let length = try Self.integer(rest)
        guard length > 0 else {
            stream = nil
            return .value(.bytes(bytes))
        }
        guard bytes.count + Int(clamping: length) <= bounds.stringBytes else {
            throw RESPViolation("a streamed string exceeds \(bounds.stringBytes) bytes")
        }
        try expect(.chunk, Int(length))
        return .none
    }

    private mutating func expect(_ kind: Text, _ length: Int) throws(RESPViolation) {
        guard (0...bounds.stringBytes).contains(length) else {
            throw RESPViolation("a string of \(length) bytes; 0 to \(bounds.stringBytes) are possible")
        }
        replyBytes += length
        guard replyBytes <= bounds.replyBytes else { throw RESPViolation("a reply exceeds \(bounds.replyBytes) bytes") }
        awaited = (kind, length)
    }

    private mutating func finish(_ bytes: [UInt8], as kind: Text) throws(RESPViolation) -> Token {
        switch kind {
        case .bytes: return .value(.bytes(bytes))
        case .error: return .value(.error(RESPError(String(decoding: bytes, as: UTF8.self))))
        case .chunk:
            stream?.append(contentsOf: bytes)
            return .none
        case .verbatim:
            guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":") else {
                throw RESPViolation("a verbatim string names no format")
            }
            return .value(
                .verbatim(format: String(decoding: bytes[..<3], as: UTF8.self), Array(bytes[4...])))
        }
    }

    // MARK: Aggregates

    private mutating func begin(_ kind: Aggregate, _ rest: ByteBufferView) throws(RESPViolation) -> Token {
        guard frames.count < bounds.depth else { throw RESPViolation("values are nested over \(bounds.depth) deep") }
        if rest.elementsEqual("?".utf8), kind != .push, kind != .attribute {
            frames.append(Frame(kind: kind, remaining: nil))
            return .none
        }
        let count = try Self.integer(rest)
        if count == -1, kind == .array { return .value(.null) }
        let isPaired = kind == .map || kind == .attribute
        guard count >= 0, count <= bounds.elements else {
            throw RESPViolation("an aggregate of \(count) elements; 0 to \(bounds.elements) are possible")
        }
        frames.append(Frame(kind: kind, remaining: Int(count) * (isPaired ? 2 : 1)))
        return .none
    }

    /// Puts a token where it belongs; the whole value when it was the last one of it.
    private mutating func complete(_ token: Token) throws(RESPViolation) -> RESPValue? {
        switch token {
        case .value(let value):
            if let whole = try add(value) { return whole }
        case .end:
            guard let last = frames.last, last.remaining == nil else {
                throw RESPViolation("a stream ends that has not begun")
            }
            frames[frames.count - 1].remaining = 0
        case .none: break
        }
        while frames.last?.remaining == 0, let frame = frames.popLast() {
            // Attributes tell of the value behind them; nobody here asks for any.
            if frame.kind == .attribute { return nil }
            if let whole = try add(Self.value(of: frame)) { return whole }
        }
        return nil
    }

    private mutating func add(_ value: RESPValue) throws(RESPViolation) -> RESPValue? {
        guard !frames.isEmpty else { return value }
        elements += 1
        guard elements <= bounds.elements else { throw RESPViolation("a reply exceeds \(bounds.elements) elements") }
        frames[frames.count - 1].items.append(value)
        if let remaining = frames[frames.count - 1].remaining { frames[frames.count - 1].remaining = remaining - 1 }
        return nil
    }

    private static func value(of frame: Frame) throws(RESPViolation) -> RESPValue {
        switch frame.kind {
        case .array, .attribute: return .array(frame.items)
        case .set: return .set(frame.items)
        case .push: return .push(frame.items)
        case .map:
            guard frame.items.count.isMultiple(of: 2) else { throw RESPViolation("a map ends with a key") }
            return .map(
                stride(from: 0, to: frame.items.count, by: 2).map { RESPPair(frame.items[$0], frame.items[$0 + 1]) })
        }
    }

    // MARK: Scalars

    private static func text(_ bytes: ByteBufferView) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func integer(_ bytes: ByteBufferView) throws(RESPViolation) -> Int64 {
        var isNegative = false
        var hasDigit = false
        var value: Int64 = 0
        for (place, byte) in bytes.enumerated() {
            if place == 0, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                isNegative = byte == UInt8(ascii: "-")
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                throw RESPViolation("a number has no digit")
            }
            hasDigit = true
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isOverToo) = product.addingReportingOverflow(isNegative ? -digit : digit)
            guard !isOver, !isOverToo else { throw RESPViolation("a number exceeds 64 bits") }
            value = sum
        }
        guard hasDigit else { throw RESPViolation("a number has no digit") }
        return value
    }

    private static func digits(_ bytes: ByteBufferView) throws(RESPViolation) -> String {
        let digits = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw RESPViolation("a big number has another letter than digits")
        }
        return text(bytes)
    }

    private static func double(_ bytes: ByteBufferView) throws(RESPViolation) -> Double {
        let text = text(bytes)
        switch text {
        case "inf", "+inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "-nan": return .nan
        default:
            guard let first = text.utf8.first, first < UInt8(ascii: "A"), let value = Double(text), !text.contains("x")
            else { throw RESPViolation("a double is no number") }
            return value
        }
    }
}

/// The server said what is no RESP3, or more than may be.
struct RESPViolation: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
