/// The header fields of a request or a response, in order.
///
/// Names are told apart without regard to case. A request whose headers could break out of their line is refused before
/// anything is sent.
public struct OutboundHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    enum Bounds {
        static let fields = 100
        static let bytes = 32 << 10
    }

    /// A field.
    public struct Field: Sendable, Hashable {
        /// The name.
        public var name: String
        /// The value.
        public var value: String
    }

    /// All fields in order.
    public private(set) var fields: [Field] = []

    /// Makes headers without fields.
    public init() {}

    /// Makes headers of these fields.
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    init(_ fields: [(String, String)]) { self.fields = fields.map { Field(name: $0.0, value: $0.1) } }

    /// Adds a field behind all others.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// The first value of a name; setting it replaces all of that name, `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        set {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { add(name, newValue) }
        }
    }

    /// What is wrong with headers that are to be sent; `nil` when nothing is.
    var fault: String? {
        guard fields.count <= Bounds.fields else { return "There are \(fields.count) fields, over \(Bounds.fields)." }
        let size = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard size <= Bounds.bytes else { return "The headers have \(size) bytes, over \(Bounds.bytes)." }
        for field in fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isOfToken) else {
                return "The name of a header field has characters that no name has."
            }
            guard field.value.utf8.allSatisfy({ $0 == 9 || ($0 >= 0x20 && $0 != 0x7F) }) else {
                return "The value of the header field \(field.name) has line breaks or control characters."
            }
            guard !Self.ours.contains(field.name.lowercased()) else {
                return "The header field \(field.name) is set by Outbound itself."
            }
        }
        return nil
    }

    /// Framing and routing follow from the request, so that no caller can desynchronise a connection.
    private static let ours: Set<String> = ["host", "content-length", "transfer-encoding", "connection", "upgrade"]

    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
