/// A message as back ends send it: from whom, the how-manieth of its topic, and what it says.
///
/// Who gets a publisher's seventh message after the fifth knows that one is missing, whatever lost it.
public struct BusEnvelope: Sendable, Hashable {
    /// What it is.
    public enum Kind: UInt8, Sendable {
        /// A message.
        case said = 0
        /// An earlier message could not be sent.
        case unsaid = 1
        /// Of the publisher to itself: everything that was sent before has arrived.
        case mark = 2
    }

    private static let headerBytes = 17

    /// What it is.
    public let kind: Kind
    /// The node.
    public let publisher: UInt64
    /// Its number among the publisher's messages of this topic, from 1; of a mark its name.
    public let number: UInt64
    /// The message.
    public let payload: [UInt8]

    /// Makes an envelope.
    public init(kind: Kind, publisher: UInt64, number: UInt64, payload: [UInt8] = []) {
        self.kind = kind
        self.publisher = publisher
        self.number = number
        self.payload = payload
    }

    /// Reads what ``encoded`` wrote; `nil` when it is something else.
    public init?(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count >= Self.headerBytes, let kind = Kind(rawValue: bytes[0]) else { return nil }
        self.kind = kind
        publisher = bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
        number = bytes[9..<17].reduce(0) { $0 << 8 | UInt64($1) }
        payload = Array(bytes[Self.headerBytes...])
    }

    /// One byte for the kind, eight each for publisher and number, then the message.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerBytes + payload.count)
        bytes.append(kind.rawValue)
        withUnsafeBytes(of: publisher.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: payload)
        return bytes
    }
}
