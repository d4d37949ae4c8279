import Base
public import NIOCore
import Synchronization

/// The bytes of a request's body as they arrive: the next ones are taken from the connection when they are asked for,
/// so that a client is as fast as whoever reads.
///
/// Only routes that accept ``BodyKind/bytes`` or ``BodyKind/formWithFile`` have one; it can be read once, by one task at
/// a time, while the route's handler runs.
public struct RequestBody: AsyncSequence, Sendable {
    /// Some bytes, never none.
    public typealias Element = ByteBuffer

    private let intake: BodyIntake

    init(_ intake: BodyIntake) { self.intake = intake }

    /// Reads on where the last iterator stopped.
    public func makeAsyncIterator() -> Iterator { Iterator(intake: intake) }

    /// Brings one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let intake: BodyIntake

        /// The next bytes; `nil` at the end.
        ///
        /// - Throws: `web.bodyTooLarge` past the route's limit, `web.malformedInput` for a broken form, or what ended the
        ///   connection.
        public mutating func next() async throws -> ByteBuffer? { try await intake.next() }
    }
}

/// Where the bytes of a request's body come from.
protocol BodySource: Sendable {
    /// The next bytes; `nil` at the end.
    func next() async throws -> ByteBuffer?
}

extension BodySource {
    /// All bytes up to a number, or `web.bodyTooLarge`.
    func collect(_ limit: Int) async throws -> ByteBuffer {
        var collected: ByteBuffer?
        while var buffer = try await next() {
            guard (collected?.readableBytes ?? 0) + buffer.readableBytes <= limit else {
                throw Problem(.bodyTooLarge, "The body is larger than \(ByteCount(limit)).")
            }
            if collected == nil { collected = buffer } else { collected?.writeBuffer(&buffer) }
        }
        return collected ?? ByteBuffer()
    }
}

/// The body of one request: its bytes as they are, or those of a form's file.
final class BodyIntake: Sendable {
    private struct State {
        var size = 0
        var form: MultipartParser?
    }

    private let source: any BodySource
    private let limit: Int
    private let state = Mutex(State())

    init(_ source: any BodySource, limit: Int) {
        self.source = source
        self.limit = limit
    }

    /// The next bytes for the handler.
    func next() async throws -> ByteBuffer? {
        guard state.withLock({ $0.form != nil }) else { return try await raw() }
        while true {
            switch try await formEvent() {
            case .bytes(let bytes): return bytes
            case .partEnded, .ended: return nil
            case .part: continue
            }
        }
    }

    private func raw() async throws -> ByteBuffer? {
        while let buffer = try await source.next() {
            guard buffer.readableBytes > 0 else { continue }
            let size = state.withLock { state in
                state.size += buffer.readableBytes
                return state.size
            }
            guard size <= limit else { throw Problem(.bodyTooLarge, "The body is larger than \(ByteCount(limit)).") }
            return buffer
        }
        return nil
    }

    // MARK: Forms

    /// Reads the fields of a form up to its file, whose bytes ``next()`` then gives.
    ///
    /// Without a file ``next()`` gives nothing.
    func readFields(boundary: String) async throws -> [FormValue] {
        state.withLock { $0.form = MultipartParser(boundary: boundary) }
        var values: [FormValue] = []
        while true {
            guard case .part(let part) = try await formEvent() else { return values }
            if part.isFile { return values }
            guard values.count < FormValue.Bounds.valuesMax else {
                throw Problem(.malformedInput, "There are more than \(FormValue.Bounds.valuesMax) values; send fewer.")
            }
            values.append(FormValue(name: part.name, value: try await fieldText(part.name)))
        }
    }

    private func fieldText(_ name: String) async throws -> String {
        var bytes: [UInt8] = []
        while case .bytes(let more) = try await formEvent() {
            bytes += more.readableBytesView
            guard bytes.count <= MultipartParser.Bounds.fieldBytes else {
                throw Problem(.malformedInput, "A value of the form is longer than 16 KiB; shorten it.")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(.malformedInput, "A value of the form is not UTF-8.")
        }
        return text
    }

    /// Parses until something is found; feeds the parser when it needs more.
    private func formEvent() async throws -> MultipartParser.Event {
        while true {
            let event = try state.withLock { state in
                try state.form?.next() ?? (state.form == nil ? .ended : nil)
            }
            if let event { return event }
            guard let more = try await raw() else {
                throw Problem(.malformedInput, "The form ends before its last boundary; send it again.")
            }
            state.withLock { $0.form?.feed(more) }
        }
    }
}
