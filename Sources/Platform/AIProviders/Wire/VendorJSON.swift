import Foundation

/// A JSON document of a vendor, of which nothing is relied on: everything may be missing, null or of another type.
///
/// One field that a server writes differently must not make an answer unreadable.
struct VendorJSON {
    private let value: Any

    private init(_ value: Any) { self.value = value }

    /// Reads a document; `nil` when it is none.
    init?(_ bytes: some Sequence<UInt8>) {
        // Not JSON is an answer here: the caller says that the vendor sent something unreadable.
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed]) else {
            return nil
        }
        self.init(value)
    }

    /// A member of an object; `nil` when there is none, or it is null.
    subscript(name: String) -> VendorJSON? {
        guard let member = (value as? [String: Any])?[name], !(member is NSNull) else { return nil }
        return VendorJSON(member)
    }

    /// The elements of a list; none for anything else.
    var elements: [VendorJSON] { (value as? [Any])?.map(VendorJSON.init) ?? [] }

    /// The text; `nil` for anything else.
    var text: String? { value as? String }

    /// A whole number that is not negative, also as a text or with a fraction of zero.
    var count: Int? {
        if let text { return Int(text).flatMap { $0 >= 0 ? $0 : nil } }
        guard let number = (value as? NSNumber)?.doubleValue, number >= 0, number < 1e15 else { return nil }
        return Int(number)
    }

    /// The numbers of a list; `nil` when an element is none.
    var floats: [Float]? {
        guard let list = value as? [Any] else { return nil }
        var floats: [Float] = []
        floats.reserveCapacity(list.count)
        for element in list {
            guard let number = element as? NSNumber else { return nil }
            floats.append(number.floatValue)
        }
        return floats
    }
}

/// A JSON document that is sent.
enum SentJSON {
    /// The bytes of an object, its keys in order.
    static func bytes(_ object: [String: Any]) throws(AIError) -> [UInt8] {
        do {
            return Array(
                try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes]))
        } catch {
            throw AIError(.requestInvalid, "The request cannot be written as JSON.", underlying: error)
        }
    }
}
