import Base
import Storage

/// Writes rows as lines of a file, straight from what the engine has sent.
struct ExportLinesSteps: Sendable {
    let format: Export.Format
    let columns: [ExportColumn]
    /// Columns of the list's own.
    let fields: [ListField]

    init(_ plan: ExportPlan, _ format: Export.Format) {
        self.format = format
        columns = plan.columns
        fields = plan.fields
    }

    /// What stands before the first row: the headings of CSV, nothing of lines of JSON.
    func appendHead(to buffer: inout [UInt8]) {
        guard format == .csv else { return }
        for (index, heading) in (columns.map(\.heading) + fields.map(\.label)).enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: ",")) }
            let start = buffer.count
            buffer.append(contentsOf: heading.utf8)
            ExportCell.finish(&buffer, from: start)
        }
        buffer.append(contentsOf: "\r\n".utf8)
    }

    /// The row's number in its segment.
    static func sequence(_ rows: any SQLRowSource, _ row: Int) throws(StorageError) -> Int64 {
        try SQLRow(source: rows, index: row).value(at: 0)
    }

    /// Appends a row as a line.
    func append(
        _ row: Int, of rows: any SQLRowSource, in segment: ExportPlan.Segment, to buffer: inout [UInt8]
    ) throws(StorageError) {
        let values = fields.isEmpty ? [:] : try own(row, of: rows, segment)
        switch format {
        case .csv:
            for (index, column) in columns.enumerated() {
                if index > 0 { buffer.append(UInt8(ascii: ",")) }
                let start = buffer.count
                try append(column, row, rows, segment, to: &buffer)
                if !column.isNumber { ExportCell.finish(&buffer, from: start) }
            }
            for field in fields {
                buffer.append(UInt8(ascii: ","))
                let start = buffer.count
                buffer.append(contentsOf: (values[field.key] ?? "").utf8)
                if field.kind != .number { ExportCell.finish(&buffer, from: start) }
            }
            buffer.append(contentsOf: "\r\n".utf8)
        case .ndjson:
            buffer.append(UInt8(ascii: "{"))
            for (index, column) in columns.enumerated() {
                if index > 0 { buffer.append(UInt8(ascii: ",")) }
                appendName(column.heading, to: &buffer)
                let start = buffer.count
                try append(column, row, rows, segment, to: &buffer)
                if buffer.count == start {
                    buffer.append(contentsOf: "null".utf8)
                } else if !column.isNumber {
                    ExportCell.quote(&buffer, from: start)
                }
            }
            for field in fields {
                buffer.append(UInt8(ascii: ","))
                appendName(field.key, to: &buffer)
                appendText(values[field.key], to: &buffer)
            }
            buffer.append(contentsOf: "}\n".utf8)
        }
    }

    private func own(
        _ row: Int, of rows: any SQLRowSource, _ segment: ExportPlan.Segment
    ) throws(StorageError) -> [String: String] {
        guard segment.source == .list else { return [:] }
        return try StoredJSON.read(try SQLRow(source: rows, index: row).value(at: 13, as: String.self))
    }

    private func appendName(_ name: String, to buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\""))
        buffer.append(contentsOf: name.utf8)
        buffer.append(contentsOf: "\":".utf8)
    }

    private func appendText(_ text: String?, to buffer: inout [UInt8]) {
        guard let text else { return buffer.append(contentsOf: "null".utf8) }
        let start = buffer.count
        buffer.append(contentsOf: text.utf8)
        ExportCell.quote(&buffer, from: start)
    }

    private func append(
        _ column: ExportColumn, _ row: Int, _ rows: any SQLRowSource, _ segment: ExportPlan.Segment,
        to buffer: inout [UInt8]
    ) throws(StorageError) {
        switch column {
        case .found: buffer.append(contentsOf: segment.title.utf8)
        case .profile:
            let line = SQLRow(source: rows, index: row)
            let platform: Platform = try line.value(at: 1)
            buffer.append(contentsOf: platform.addressHead.utf8)
            _ = rows.appendText(row: row, column: 2, to: &buffer)
        case .engagement:
            if let millionths = try SQLRow(source: rows, index: row).optional(at: 5, as: Int64.self) {
                ExportCell.appendFraction(millionths: millionths, to: &buffer)
            }
        default: _ = rows.appendText(row: row, column: column.place, to: &buffer)
        }
    }
}

extension ExportColumn {
    /// Whether its cells are numbers, which need no quotes.
    var isNumber: Bool { self == .followers || self == .engagement || self == .medianViews }

    /// Where it stands among the columns of ``ExportStore/rows(_:filter:after:upTo:limit:in:)``.
    fileprivate var place: Int {
        switch self {
        case .platform: 1
        case .handle, .profile: 2
        case .name: 3
        case .followers: 4
        case .engagement: 5
        case .medianViews: 6
        case .language: 7
        case .country: 8
        case .email: 9
        case .bio: 10
        case .place: 11
        case .since: 12
        case .found: 0
        }
    }
}

extension Platform {
    /// What the address of a profile begins with.
    fileprivate var addressHead: String { address(of: "") }
}
