import Base

/// A column that a list has beside the facts of its creators.
struct ListField: Sendable, Hashable, Codable {
    enum Bounds {
        /// Columns of a list, its stages included.
        static let fields = 24
        static let keyCharacters = 32
        static let labelCharacters = 60
        static let options = 12
        /// Characters of one value.
        static let valueCharacters = 1_000
        /// Bytes of all values of an entry as they are stored.
        static let entryBytes = 4_096
    }

    enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case text, number, date, check, select
    }

    /// The stages that every list begins with.
    static let stages = ["backlog", "shortlist", "contacted", "booked"]
    /// The key of the field that every list has.
    static let stageKey = "stage"

    static let stage = ListField(key: stageKey, label: "Stage", kind: .select, options: stages)

    let key: String
    var label: String
    var kind: Kind
    /// The values that a select field may have, in their order; its first is that of entries that have none.
    var options: [String]

    /// Checks the columns of a list.
    ///
    /// - Throws: `discovery.listInvalid` with the first rule that is broken.
    static func check(_ fields: [ListField], boardBy field: String) throws(DiscoveryError) {
        guard (1...Bounds.fields).contains(fields.count) else {
            throw invalid("A list has 1 to \(Bounds.fields) fields.")
        }
        guard Set(fields.map(\.key)).count == fields.count else { throw invalid("Two fields have the same key.") }
        for field in fields { try field.check() }
        guard fields.contains(where: { $0.key == stageKey && $0.kind == .select }) else {
            throw invalid("A list keeps its field \(stageKey).")
        }
        guard fields.contains(where: { $0.key == field && $0.kind == .select }) else {
            throw invalid("A board is grouped by a select field of the list.")
        }
    }

    private func check() throws(DiscoveryError) {
        guard (1...Bounds.keyCharacters).contains(key.utf8.count), key.utf8.allSatisfy(Self.isKey) else {
            throw Self.invalid("The key of a field has 1 to \(Bounds.keyCharacters) letters and digits.")
        }
        guard (1...Bounds.labelCharacters).contains(label.unicodeScalars.count) else {
            throw Self.invalid("The label of a field has 1 to \(Bounds.labelCharacters) characters.")
        }
        guard kind == .select else {
            guard options.isEmpty else { throw Self.invalid("Only a select field has options.") }
            return
        }
        guard (1...Bounds.options).contains(options.count), Set(options).count == options.count,
            options.allSatisfy({ (1...CreatorList.Bounds.bucketCharacters).contains($0.unicodeScalars.count) })
        else {
            throw Self.invalid(
                "A select field has 1 to \(Bounds.options) different options of at most "
                    + "\(CreatorList.Bounds.bucketCharacters) characters.")
        }
    }

    private static func isKey(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }

    /// What is stored of what somebody typed; `nil` for nothing.
    ///
    /// - Throws: `discovery.listInvalid` when it is no value of this field.
    func value(of typed: String) throws(DiscoveryError) -> String? {
        let text = typed.trimmingWhitespace
        if text.isEmpty { return nil }
        guard text.unicodeScalars.count <= Bounds.valueCharacters else {
            throw Self.invalid("\(label) has at most \(Bounds.valueCharacters) characters.")
        }
        switch kind {
        case .text: return text
        case .number:
            guard let number = Double(text), number.isFinite else { throw Self.invalid("\(label) is a number.") }
            return text
        case .date:
            guard let day = CalendarDay(text) else { throw Self.invalid("\(label) is a day such as 2026-11-21.") }
            return day.description
        case .check:
            guard ["true", "on", "yes", "1"].contains(text) else { return nil }
            return "true"
        case .select:
            guard options.contains(text) else {
                throw Self.invalid("\(label) is one of \(options.joined(separator: ", ")).")
            }
            return text
        }
    }

    private static func invalid(_ message: String) -> DiscoveryError { DiscoveryError(.listInvalid, message) }
}

/// What is written into the fields of entries: values, and `nil` for those that go.
struct FieldPatch: Sendable, Hashable {
    var values: [String: String?]

    /// Reads what was typed for the fields of a list; its board's own field is changed by moves instead.
    ///
    /// - Throws: `discovery.listInvalid`.
    init(_ typed: [String: String], of list: CreatorList) throws(DiscoveryError) {
        var values: [String: String?] = [:]
        for (key, text) in typed {
            guard key != list.bucketField, let field = list.fields.first(where: { $0.key == key }) else {
                throw DiscoveryError(.listInvalid, "The list has no field \(key) that could be written.")
            }
            values[key] = .some(try field.value(of: text))
        }
        self.values = values
    }

    /// The fields as they are then.
    ///
    /// - Throws: `discovery.listInvalid` when they no longer fit.
    func applied(to fields: [String: String]) throws(DiscoveryError) -> [String: String] {
        var result = fields
        for (key, value) in values { result[key] = value }
        // Keys, quotes, colons and commas, and at worst six bytes for a byte that is escaped.
        let bytes = result.reduce(2) { $0 + $1.key.utf8.count + 6 + Self.storedBytes($1.value) }
        guard bytes <= ListField.Bounds.entryBytes else {
            throw DiscoveryError(
                .listInvalid, "The fields of an entry hold at most 4 KB together; these would need \(bytes) bytes.")
        }
        return result
    }

    private static func storedBytes(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + ($1 < 0x20 ? 6 : $1 == 0x22 || $1 == 0x5C ? 2 : 1) }
    }
}

extension String {
    /// The text without white space at either end.
    var trimmingWhitespace: String {
        let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let kept = unicodeScalars.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        return String(String.UnicodeScalarView(kept))
    }
}

/// A name of a list, campaign or saved search that may be kept.
enum Name {
    /// What is kept of a typed name.
    ///
    /// - Throws: `discovery.listInvalid` when nothing is left or it is too long.
    static func read(_ typed: String) throws(DiscoveryError) -> String {
        let scalars = typed.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        let name = String(String.UnicodeScalarView(scalars)).trimmingWhitespace
        guard (1...CreatorList.Bounds.nameCharacters).contains(name.unicodeScalars.count) else {
            throw DiscoveryError(
                .listInvalid, "A name has 1 to \(CreatorList.Bounds.nameCharacters) characters.")
        }
        return name
    }
}
