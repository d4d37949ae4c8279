public import Base
import Crypto
import Foundation
import NIOCore
import Synchronization

/// A table that is streamed row by row, as many as there are, in constant memory.
///
/// It ends with a manifest: the number of rows and the SHA-256 of everything before, as the last line and as trailers.
/// A download that was cut has none, so it cannot look complete.
public struct CSVExport: Answerable {
    /// CSV (RFC 4180) with a header line.
    public static let content = Content(mediaType: "text/csv; charset=utf-8")

    private let name: String
    private let columns: [String]
    private let rows: @Sendable (inout CSVRows) async throws -> Void

    /// Declares an export.
    ///
    /// - Parameters:
    ///   - name: the file's name without extension: letters, digits, `-` and `_`.
    ///   - columns: the header line.
    ///   - rows: writes the rows; suspends while the client is slower.
    public init(
        _ name: String, columns: [String], rows: @escaping @Sendable (inout CSVRows) async throws -> Void
    ) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }

    /// The stream.
    public func answer(in context: RequestContext) -> Answer {
        let (columns, rows) = (columns, rows)
        var answer = Answer(
            body: .stream(length: nil) { writer in
                var output = CSVRows(sink: ExportSink(writer: writer))
                for column in columns { output.text(column) }
                try await output.endRow()
                output.count = 0
                try await rows(&output)
                let manifest = try await output.finish()
                let line = "# rows=\(manifest.rows) sha256=\(manifest.hash)\r\n"
                try await writer.write(ByteBuffer(string: line))
                try await writer.finish(trailers: manifest.trailers)
            })
        answer.headers = ExportSink.headers(name: name, extension: "csv")
        answer.isCompressible = false
        return answer
    }
}

/// Rows as bytes, for files that are kept: as ``CSVExport`` streams them, without its last line.
public enum CSVText {
    /// Writes rows into memory; the caller bounds how many.
    ///
    /// - Parameter rows: writes the rows, the header line among them where there is to be one.
    /// - Returns: the bytes, and how many rows they are.
    /// - Throws: what `rows` throws.
    public static func bytes(
        _ rows: (inout CSVRows) async throws -> Void
    ) async throws -> (bytes: [UInt8], rows: Int) {
        let memory = MemoryWriter()
        var output = CSVRows(sink: ExportSink(writer: memory))
        try await rows(&output)
        let count = try await output.finish().rows
        return (memory.bytes.withLock { $0 }, count)
    }
}

/// Gathers what is written.
private final class MemoryWriter: BodyWriter {
    let bytes = Mutex<[UInt8]>([])

    func write(_ buffer: ByteBuffer) async throws { bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) } }

    func finish(trailers: [(name: String, value: String)]) async throws {}
}

/// Receives the rows of an export.
public struct CSVRows: ~Copyable {
    private var sink: ExportSink
    private var isFirst = true
    fileprivate(set) var count = 0

    init(sink: consuming ExportSink) { self.sink = sink }

    private mutating func separate() {
        if isFirst { isFirst = false } else { sink.bytes.append(UInt8(ascii: ",")) }
    }

    /// Adds text, quoted where it must be.
    public mutating func text(_ value: String) {
        separate()
        var needsQuotes = false
        for byte in value.utf8 where byte == 0x22 || byte == 0x2C || byte == 0x0A || byte == 0x0D || byte == 0x23 {
            needsQuotes = true
            break
        }
        guard needsQuotes else { return sink.bytes.append(contentsOf: value.utf8) }
        sink.bytes.append(0x22)
        for byte in value.utf8 {
            if byte == 0x22 { sink.bytes.append(0x22) }
            sink.bytes.append(byte)
        }
        sink.bytes.append(0x22)
    }

    /// Adds a whole number.
    public mutating func integer(_ value: some BinaryInteger) {
        separate()
        sink.bytes.append(contentsOf: String(value).utf8)
    }

    /// Adds a number.
    public mutating func number(_ value: Double) {
        separate()
        sink.bytes.append(contentsOf: "\(value)".utf8)
    }

    /// Adds `true` or `false`.
    public mutating func boolean(_ value: Bool) {
        separate()
        sink.bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// Adds an id.
    public mutating func id<Entity>(_ value: ID<Entity>) {
        separate()
        sink.bytes.append(contentsOf: value.description.utf8)
    }

    /// Adds a time.
    public mutating func time(_ value: Timestamp) {
        separate()
        sink.bytes.append(contentsOf: value.description.utf8)
    }

    /// Adds an empty cell.
    public mutating func empty() { separate() }

    /// Adds `count` rows that are written already: cells without need of quotes, each row ended by CR and LF.
    ///
    /// For exports whose bytes are hashed elsewhere too, or that are too large for one call per cell.
    public mutating func written(_ bytes: some Collection<UInt8>, rows count: Int) async throws {
        precondition(isFirst, "rows were added in the middle of another row")
        sink.bytes.append(contentsOf: bytes)
        self.count += count
        if sink.bytes.count >= ExportSink.chunkBytes { try await sink.flush() }
    }

    /// Ends the row; suspends when there is enough to send and the client is slower.
    public mutating func endRow() async throws {
        sink.bytes.append(0x0D)
        sink.bytes.append(0x0A)
        isFirst = true
        count += 1
        if sink.bytes.count >= ExportSink.chunkBytes { try await sink.flush() }
    }

    fileprivate mutating func finish() async throws -> ExportManifest {
        try await sink.flush()
        return ExportManifest(rows: count, hash: sink.hash)
    }
}

/// Values that are streamed as lines of JSON, as many as there are, ended by a manifest like that of `CSVExport`.
public struct NDJSONExport: Answerable {
    /// One JSON value per line.
    public static let content = Content(mediaType: "application/x-ndjson")

    private let name: String
    private let rows: @Sendable (inout NDJSONRows) async throws -> Void

    /// Declares an export; `name` is the file's name without extension.
    public init(_ name: String, rows: @escaping @Sendable (inout NDJSONRows) async throws -> Void) {
        self.name = name
        self.rows = rows
    }

    /// The stream.
    public func answer(in context: RequestContext) -> Answer {
        let rows = rows
        var answer = Answer(
            body: .stream(length: nil) { writer in
                var output = NDJSONRows(sink: ExportSink(writer: writer))
                try await rows(&output)
                let manifest = try await output.finish()
                let line = "{\"manifest\":{\"rows\":\(manifest.rows),\"sha256\":\"\(manifest.hash)\"}}\n"
                try await writer.write(ByteBuffer(string: line))
                try await writer.finish(trailers: manifest.trailers)
            })
        answer.headers = ExportSink.headers(name: name, extension: "ndjson")
        answer.isCompressible = false
        return answer
    }
}

/// Receives the values of an export.
public struct NDJSONRows: ~Copyable {
    private var sink: ExportSink
    private var count = 0

    init(sink: consuming ExportSink) { self.sink = sink }

    /// Adds a value; suspends when there is enough to send and the client is slower.
    public mutating func row(_ value: some Encodable) async throws {
        sink.bytes.append(contentsOf: try JSONOutput.data(value))
        sink.bytes.append(0x0A)
        count += 1
        if sink.bytes.count >= ExportSink.chunkBytes { try await sink.flush() }
    }

    fileprivate mutating func finish() async throws -> ExportManifest {
        try await sink.flush()
        return ExportManifest(rows: count, hash: sink.hash)
    }
}

/// What an export ends with.
struct ExportManifest {
    let rows: Int
    let hash: String

    var trailers: [(name: String, value: String)] {
        [("x-export-rows", String(rows)), ("x-export-sha256", hash)]
    }
}

/// Gathers bytes to chunks, hashes and sends them.
struct ExportSink: ~Copyable {
    static let chunkBytes = 65_536

    let writer: any BodyWriter
    var bytes: [UInt8] = []
    private var digest = SHA256()

    init(writer: any BodyWriter) {
        self.writer = writer
        bytes.reserveCapacity(Self.chunkBytes + 4_096)
    }

    mutating func flush() async throws {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBytes { digest.update(bufferPointer: $0) }
        let buffer = ByteBuffer(bytes: bytes)
        bytes.removeAll(keepingCapacity: true)
        try await writer.write(buffer)
    }

    var hash: String {
        digest.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    static func headers(name: String, extension: String) -> [(name: String, value: String)] {
        let safe = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        return [
            ("content-disposition", "attachment; filename=\"\(safe).\(`extension`)\""),
            ("trailer", "x-export-rows, x-export-sha256"),
        ]
    }
}
