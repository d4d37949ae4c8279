import Foundation
import Storage

/// Values in columns of type jsonb.
enum StoredJSON {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    static func value(_ value: some Encodable) throws(StorageError) -> SQLValue { .json(try text(value)) }

    /// For tables of values, whose columns of type json are cast.
    static func text(_ value: some Encodable) throws(StorageError) -> String {
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw StorageError(.invalidValue, "a value could not be written as JSON", underlying: error)
        }
    }

    static func read<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws(StorageError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw StorageError(.rowMismatch, "a JSON column does not hold a \(type)", underlying: error)
        }
    }
}
