public import Base
public import Logging

/// Writes each log line as one JSON object per line: what servers log to standard error.
///
/// Keys: `time`, `level`, `label`, `message`, `error` when there is one, `trace` and `span` of the current
/// ``TraceContext``, then the metadata under their own names. A line is written in one piece, so that lines of several
/// threads never mix. Values over 4 KiB are cut and end in `…`; at most 64 fields, four levels deep.
public struct JSONLogHandler: LogHandler {
    /// Where lines go: the line with its line feed.
    public typealias Sink = @Sendable (borrowing String) -> Void

    private let label: String
    private let level: LogLevelSetting
    private let clock: any WallClock
    private let sink: Sink
    private var own: Logger.Level?

    /// What this logger adds to each of its lines.
    public var metadata: Logger.Metadata = [:]
    /// What the surroundings add to each line.
    public var metadataProvider: Logger.MetadataProvider?

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - label: The logger's name.
    ///   - level: From which level on lines are written.
    ///   - clock: What stamps the lines.
    ///   - sink: Where lines go; standard error when not given.
    public init(
        label: String, level: LogLevelSetting, clock: any WallClock,
        sink: @escaping Sink = { StandardError.write($0) }
    ) {
        self.label = label
        self.level = level
        self.clock = clock
        self.sink = sink
    }

    /// The level of this logger: the shared setting, unless it was set for this logger alone.
    public var logLevel: Logger.Level {
        get { own ?? level.level }
        set { own = newValue }
    }

    /// One of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line.
    public func log(event: LogEvent) {
        var line = JSONLine()
        line.open()
        line.field("time", clock.now().description)
        line.field("level", event.level.rawValue)
        line.field("label", label)
        line.field("message", event.message.description)
        if let error = event.error { line.field("error", "\(error)") }
        if let trace = TraceContext.current {
            line.field("trace", trace.traceID.description)
            line.field("span", trace.spanDescription)
        }
        for (key, value) in merged(event.metadata).sorted(by: { $0.key < $1.key }).prefix(JSONLine.fieldsMax) {
            line.field(JSONLine.reserved.contains(key) ? key + "_" : key, value)
        }
        line.close()
        sink(line.text)
    }

    private func merged(_ extra: Logger.Metadata?) -> Logger.Metadata {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let extra { all.merge(extra) { $1 } }
        return all
    }
}

/// A JSON object under construction.
private struct JSONLine {
    static let fieldsMax = 64
    static let valueBytesMax = 4_096
    static let depthMax = 4
    static let reserved: Set<String> = ["time", "level", "label", "message", "error", "trace", "span"]

    var text = ""
    private var isFirst = true

    mutating func open() { text = "{" }

    mutating func close() { text += "}\n" }

    mutating func field(_ key: String, _ value: String) {
        begin(key)
        string(value)
    }

    mutating func field(_ key: String, _ value: Logger.MetadataValue) {
        begin(key)
        append(value, depth: 0)
    }

    private mutating func begin(_ key: String) {
        if !isFirst { text += "," }
        isFirst = false
        string(key)
        text += ":"
    }

    private mutating func append(_ value: Logger.MetadataValue, depth: Int) {
        switch value {
        case .string(let value): string(value)
        case .stringConvertible(let value as Int): text += String(value)
        case .stringConvertible(let value as Double) where value.isFinite: text += String(value)
        case .stringConvertible(let value as Bool): text += value ? "true" : "false"
        case .stringConvertible(let value): string(value.description)
        case .array(let values) where depth < Self.depthMax:
            text += "["
            for (index, value) in values.prefix(Self.fieldsMax).enumerated() {
                if index > 0 { text += "," }
                append(value, depth: depth + 1)
            }
            text += "]"
        case .dictionary(let values) where depth < Self.depthMax:
            text += "{"
            let fields = values.sorted { $0.key < $1.key }.prefix(Self.fieldsMax)
            for (index, field) in fields.enumerated() {
                if index > 0 { text += "," }
                string(field.key)
                text += ":"
                append(field.value, depth: depth + 1)
            }
            text += "}"
        case .array, .dictionary: string("…")
        }
    }

    private mutating func string(_ value: String) {
        text += "\""
        var bytes = 0
        for scalar in value.unicodeScalars {
            bytes += scalar.utf8.count
            if bytes > Self.valueBytesMax {
                text += "…"
                break
            }
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
