import Foundation

/// An e-mail address as people are found by: trimmed, in lower case, composed (NFC).
///
/// The check is deliberately loose (one `@`, something on both sides, a dot in the domain): whether an address exists
/// only a message to it can tell.
public struct EmailAddress: Sendable, Hashable {
    /// The longest address there is (RFC 5321): 254 bytes.
    public static let bytesMax = 254

    /// The address.
    public let text: String

    /// Reads an address; `nil` when it is none.
    public init?(_ text: String) {
        let trimmed = text.trimmingCharacters(in: .whitespaces)
        guard trimmed.utf8.count <= Self.bytesMax else { return nil }
        let address = trimmed.precomposedStringWithCanonicalMapping.lowercased()
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count), address.utf8.count <= Self.bytesMax,
            address.unicodeScalars.allSatisfy(Self.isAllowed), !parts[0].hasPrefix("."), !parts[0].hasSuffix(".")
        else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2,
            labels.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 63 && !$0.hasPrefix("-") && !$0.hasSuffix("-") })
        else { return nil }
        self.text = address
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            false
        default: !",;:<>()[]\\\"".unicodeScalars.contains(scalar)
        }
    }
}

extension EmailAddress: CustomStringConvertible {
    /// The address, made unrecognisable for logs: `a…@example.com`.
    public var description: String {
        let parts = text.split(separator: "@")
        return "\(parts[0].prefix(1))…@\(parts[1])"
    }
}
