import NIOCore

/// One event of a stream of server-sent events.
struct ServerSentEvent: Sendable, Hashable {
    /// The field `event`; empty when there was none.
    var name: String
    /// The lines of `data`, joined by line feeds.
    var data: [UInt8]
}

/// Reads server-sent events from bytes that come in any pieces (WHATWG HTML, section 9.2.6).
///
/// Works on bytes: a line ends in LF, CRLF or CR, of which the last two look like one character to Swift, and a piece may
/// end within a character. Lines and events are bounded.
struct EventStreamParser {
    enum Bounds {
        static let lineBytes = 4 << 20
        static let eventBytes = 8 << 20
    }

    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var followsCarriageReturn = false
    private var isAtStart = true

    /// Takes the next bytes and returns the events that they complete.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(AIError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            switch byte {
            case 0x0A where followsCarriageReturn: followsCarriageReturn = false
            case 0x0A, 0x0D:
                followsCarriageReturn = byte == 0x0D
                if let event = try endLine() { events.append(event) }
            default:
                followsCarriageReturn = false
                guard line.count < Bounds.lineBytes else {
                    throw AIError(.unreadable, "A line of the answer is longer than \(Bounds.lineBytes) bytes.")
                }
                line.append(byte)
            }
        }
        return events
    }

    /// What has come when the stream ends without the empty line that ends an event.
    ///
    /// The standard drops it. A vendor whose last line is `data: [DONE]` without an end means it all the same; what is
    /// really cut off cannot be read as JSON, which its reader sees.
    mutating func finish() throws(AIError) -> ServerSentEvent? {
        if !line.isEmpty, let event = try endLine() { return event }
        return flush()
    }

    private mutating func endLine() throws(AIError) -> ServerSentEvent? {
        defer {
            line.removeAll(keepingCapacity: line.capacity <= 64 << 10)
            isAtStart = false
        }
        if isAtStart, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard !line.isEmpty else { return flush() }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            if line.elementsEqual("data".utf8) { try add([]) }
            return nil
        }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let field = line[..<colon]
        if field.elementsEqual("data".utf8) {
            try add(value)
        } else if field.elementsEqual("event".utf8) {
            name = String(decoding: value, as: UTF8.self)
        }
        // A colon in front makes a comment; other fields say nothing about an answer.
        return nil
    }

    private mutating func add(_ value: ArraySlice<UInt8>) throws(AIError) {
        guard data.count + value.count < Bounds.eventBytes else {
            throw AIError(.unreadable, "An event of the answer is longer than \(Bounds.eventBytes) bytes.")
        }
        if hasData { data.append(0x0A) }
        data += value
        hasData = true
    }

    private mutating func flush() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
            hasData = false
        }
        return hasData ? ServerSentEvent(name: name, data: data) : nil
    }
}
