import Foundation

/// How the values of a cache are kept in the layer that the nodes of a cluster share.
///
/// Only what may leave the process belongs there: a value is written as bytes, and other versions of the program read
/// it. A cache with this option keeps its local layer in front; without a shared store it is as one without.
public struct SharedLayer<Key: Sendable, Value: Sendable>: Sendable {
    /// Raised whenever the bytes change their meaning: old ones are then never read.
    public var version: Int
    /// How long one node has the right to load a key alone.
    ///
    /// When its leader dies, others go on after this time. A load that takes longer may be run by a second node.
    public var leaseTTL: Duration
    /// The key as text, distinct for distinct keys; with the cache's name and the scope at most 512 bytes.
    public var name: @Sendable (Key) -> String
    /// Writes a value.
    public var encode: @Sendable (Value) throws -> [UInt8]
    /// Reads a value; what it throws counts as a miss.
    public var decode: @Sendable ([UInt8]) throws -> Value

    /// A layer of one's own format.
    ///
    /// - Parameters:
    ///   - version: defaults to 1; 0 or more.
    ///   - leaseTTL: defaults to 5 seconds; more than zero, at most the cache's `loadTimeout`.
    ///   - name: the key as text.
    ///   - encode: writes a value.
    ///   - decode: reads a value.
    public init(
        version: Int = 1, leaseTTL: Duration = .seconds(5), name: @escaping @Sendable (Key) -> String,
        encode: @escaping @Sendable (Value) throws -> [UInt8], decode: @escaping @Sendable ([UInt8]) throws -> Value
    ) {
        self.version = version
        self.leaseTTL = leaseTTL
        self.name = name
        self.encode = encode
        self.decode = decode
    }

    /// A layer of JSON.
    ///
    /// - Parameters:
    ///   - version: defaults to 1; raise it with every change of `Value`'s members.
    ///   - leaseTTL: defaults to 5 seconds; more than zero, at most the cache's `loadTimeout`.
    /// - Returns: the layer.
    public static func json(version: Int = 1, leaseTTL: Duration = .seconds(5)) -> Self
    where Key: LosslessStringConvertible, Value: Codable {
        .json(version: version, leaseTTL: leaseTTL, name: { $0.description }, write: { $0 }, read: { $0 })
    }

    /// A layer of JSON for a value that is written as another, such as a class as its list.
    ///
    /// - Parameters:
    ///   - version: defaults to 1; raise it with every change of `Stored`'s members.
    ///   - leaseTTL: defaults to 5 seconds; more than zero, at most the cache's `loadTimeout`.
    ///   - name: the key as text, distinct for distinct keys.
    ///   - write: what stands for a value.
    ///   - read: the value that it stands for; what it throws counts as a miss.
    /// - Returns: the layer.
    public static func json<Stored: Codable & SendableMetatype>(
        version: Int = 1, leaseTTL: Duration = .seconds(5), name: @escaping @Sendable (Key) -> String,
        write: @escaping @Sendable (Value) -> Stored, read: @escaping @Sendable (Stored) throws -> Value
    ) -> Self {
        // In an array, as `nil` alone is no document.
        Self(
            version: version, leaseTTL: leaseTTL, name: name,
            encode: { Array(try JSONEncoder().encode([write($0)])) },
            decode: { bytes in
                let values = try JSONDecoder().decode([Stored].self, from: Data(bytes))
                guard values.count == 1 else {
                    throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not one value"))
                }
                return try read(values[0])
            })
    }
}
