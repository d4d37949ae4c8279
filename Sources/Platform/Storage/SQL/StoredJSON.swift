import Foundation

/// Values in columns of type jsonb.
public enum StoredJSON {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    /// A value as it is bound; its keys are in order.
    ///
    /// - Throws: `storage.invalidValue` when it cannot be written as JSON.
    public static func value(_ value: some Encodable) throws(StorageError) -> SQLValue { .json(try text(value)) }

    /// The text of a value; for tables of values, whose columns of type json are cast.
    ///
    /// - Throws: `storage.invalidValue` when it cannot be written as JSON.
    public static func text(_ value: some Encodable) throws(StorageError) -> String {
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw StorageError(.invalidValue, "a value could not be written as JSON", underlying: error)
        }
    }

    /// Reads a value back.
    ///
    /// - Throws: `storage.rowMismatch` when the text holds no such value.
    public static func read<Value: Decodable>(
        _ text: String, as type: Value.Type = Value.self
    ) throws(StorageError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw StorageError(.rowMismatch, "a JSON column does not hold a \(type)", underlying: error)
        }
    }
}
