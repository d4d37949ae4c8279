/// The `tracestate` of W3C Trace Context: what tracing systems carry along beside the ids.
///
/// At most 32 entries and 512 characters; the entry changed last stands first.
public struct TraceState: Sendable, Hashable {
    /// One system's entry.
    public struct Entry: Sendable, Hashable {
        /// The system's key, as in `rojo` or `tenant@system`.
        public let key: String
        /// What it wants to be carried.
        public let value: String
    }

    static let entriesMax = 32
    static let charactersMax = 512

    /// The entries, the one changed last first.
    public private(set) var entries: [Entry] = []

    /// Makes an empty state.
    public init() {}

    /// Reads the header, several lines of it joined by commas; `nil` when it is malformed, to be dropped as a whole.
    public init?(_ header: String) {
        for part in header.split(separator: ",", omittingEmptySubsequences: true) {
            let member = part.utf8.trimmed
            if member.isEmpty { continue }
            guard let equals = member.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let key = member[..<equals]
            let value = member[member.index(after: equals)...]
            guard Self.isKey(Array(key)), Self.isValue(Array(value)) else { return nil }
            let entry = Entry(key: String(key) ?? "", value: String(value) ?? "")
            guard !entries.contains(where: { $0.key == entry.key }), entries.count < Self.entriesMax else { return nil }
            entries.append(entry)
        }
    }

    /// Puts an entry in front, replacing the key's old one; `false` when key or value are not allowed.
    @discardableResult
    public mutating func set(_ key: String, _ value: String) -> Bool {
        guard Self.isKey(Array(key.utf8)), Self.isValue(Array(value.utf8)) else { return false }
        entries.removeAll { $0.key == key }
        entries.insert(Entry(key: key, value: value), at: 0)
        if entries.count > Self.entriesMax { entries.removeLast() }
        return true
    }

    /// The header's value, shortened from the right to 512 characters, long entries first; empty when there are none.
    public var header: String {
        var kept = entries
        func size() -> Int { kept.reduce(max(0, kept.count - 1)) { $0 + $1.key.utf8.count + $1.value.utf8.count + 1 } }
        while size() > Self.charactersMax {
            let long = kept.lastIndex { $0.key.utf8.count + $0.value.utf8.count + 1 > 128 }
            kept.remove(at: long ?? kept.count - 1)
        }
        return kept.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// `simple-key` or `tenant-id "@" system-id` of the recommendation.
    private static func isKey(_ key: [UInt8]) -> Bool {
        func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
        func isRest(_ bytes: ArraySlice<UInt8>) -> Bool {
            bytes.allSatisfy { isLower($0) || isDigit($0) || $0 == 95 || $0 == 45 || $0 == 42 || $0 == 47 }
        }
        guard let first = key.first else { return false }
        guard let at = key.firstIndex(of: UInt8(ascii: "@")) else {
            return key.count <= 256 && isLower(first) && isRest(key[1...])
        }
        let system = key[(at + 1)...]
        guard let initial = system.first else { return false }
        return (1...241).contains(at) && (isLower(first) || isDigit(first)) && isRest(key[1..<at])
            && system.count <= 14 && isLower(initial) && isRest(system.dropFirst())
    }

    private static func isValue(_ value: [UInt8]) -> Bool {
        guard (1...256).contains(value.count), value.last != 32 else { return false }
        return value.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "=") }
    }
}

extension Substring.UTF8View {
    /// Without spaces and tabs at both ends.
    fileprivate var trimmed: Substring.UTF8View {
        var view = self
        while let byte = view.first, byte == 32 || byte == 9 { view.removeFirst() }
        while let byte = view.last, byte == 32 || byte == 9 { view.removeLast() }
        return view
    }
}
