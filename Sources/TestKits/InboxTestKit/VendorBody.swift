/// JSON as vendors write it, for the bodies of webhooks and answers.
///
/// Written apart from what reads it, so that the two do not share a mistake.
public indirect enum VendorBody: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A text.
    case text(String)
    /// A number, in these characters.
    case number(String)
    /// Yes or no.
    case flag(Bool)
    /// Nothing.
    case null
    /// A list.
    case list([VendorBody])
    /// Members in this order.
    case object([Member])
    /// Exactly these characters.
    case verbatim(String)

    /// A member of an object.
    public struct Member: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its value.
        public var value: VendorBody

        /// Makes a member.
        public init(_ name: String, _ value: VendorBody) {
            self.name = name
            self.value = value
        }
    }

    /// How texts are written.
    public enum Style: String, Sendable, Hashable, CaseIterable {
        /// What need not be escaped is not.
        case plain
        /// As Meta does it: everything beyond ASCII as `\u` with lower-case digits, and `\/`.
        case escaped
    }

    /// A text.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A number.
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
    /// Yes or no.
    public init(booleanLiteral value: Bool) { self = .flag(value) }
    /// A list.
    public init(arrayLiteral elements: VendorBody...) { self = .list(elements) }
    /// An object.
    public init(dictionaryLiteral elements: (String, VendorBody)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }

    /// A number.
    public static func number(_ value: Int64) -> VendorBody { .number(String(value)) }

    /// An object without those members that are `nil`.
    public static func members(_ members: [(String, VendorBody?)]) -> VendorBody {
        .object(members.compactMap { name, value in value.map { Member(name, $0) } })
    }

    /// The document.
    public func written(_ style: Style = .plain) -> String {
        switch self {
        case .text(let text): "\"\(Self.escaped(text, style))\""
        case .number(let digits): digits
        case .flag(let flag): flag ? "true" : "false"
        case .null: "null"
        case .list(let elements): "[\(elements.map { $0.written(style) }.joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\"\(Self.escaped($0.name, style))\":\($0.value.written(style))" }.joined(separator: ","))}"
        case .verbatim(let text): text
        }
    }

    private static func escaped(_ text: String, _ style: Style) -> String {
        var escaped = ""
        for unit in text.unicodeScalars {
            switch unit {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "/" where style == .escaped: escaped += "\\/"
            case "\n": escaped += "\\n"
            case _ where unit.value < 0x20 || (style == .escaped && unit.value > 0x7E):
                for half in String(unit).utf16 {
                    let digits = String(half, radix: 16)
                    escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: escaped.unicodeScalars.append(unit)
            }
        }
        return escaped
    }
}
