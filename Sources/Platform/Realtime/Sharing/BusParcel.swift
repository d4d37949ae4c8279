import Base
import NIOCore

/// What nodes tell each other about topics, connections and who listens.
enum BusEntry: Sendable, Hashable {
    /// A message of a log; without its JSON when that is too large for the bus.
    case message(TopicKey, TopicPosition, json: ByteBuffer?)
    /// Something was published, too much to be named.
    case look
    /// A signal, which is kept nowhere.
    case signal(TopicKey, json: ByteBuffer)
    /// How many connections somebody has on this node now.
    case seats(Tenant, ID<TopicSeat>, count: Int)
    /// How often somebody listens on this node to a topic that shows it.
    case member(TopicKey, TopicMember, count: Int)
    /// This node lives.
    case beat
    /// This node knows nothing of the others: they tell it everything.
    case hello
    /// Everything follows: what is not told again until ``told`` is no more.
    case telling
    /// Everything has been told.
    case told

    /// Bytes that the entry takes at most, beside what it carries.
    private static let overhead = 256

    var size: Int {
        switch self {
        case .message(_, _, let json): Self.overhead + (json?.readableBytes ?? 0)
        case .signal(_, let json): Self.overhead + json.readableBytes
        case .member(_, let member, _): Self.overhead + member.name.utf8.count
        case .look, .seats, .beat, .hello, .telling, .told: 64
        }
    }
}

/// Entries of one node, as one message of the bus.
struct BusParcel: Sendable, Hashable {
    enum Bounds {
        /// Bytes of entries in one parcel.
        static let bytes = 48 * 1_024
    }

    var node: UInt64
    var entries: [BusEntry]

    /// Parcels of bounded size.
    static func pack(_ entries: [BusEntry], from node: UInt64) -> [BusParcel] {
        var parcels: [BusParcel] = []
        var size = 0
        for entry in entries {
            if parcels.isEmpty || size + entry.size > Bounds.bytes {
                parcels.append(BusParcel(node: node, entries: []))
                size = 0
            }
            parcels[parcels.count - 1].entries.append(entry)
            size += entry.size
        }
        return parcels
    }

    var encoded: [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(node)
        for entry in entries { buffer.write(entry) }
        return Array(buffer.readableBytesView)
    }

    init(node: UInt64, entries: [BusEntry]) {
        self.node = node
        self.entries = entries
    }

    /// Reads what ``encoded`` wrote; entries of a newer version end the reading.
    init?(_ bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard let node = buffer.readInteger(as: UInt64.self) else { return nil }
        var entries: [BusEntry] = []
        while let entry = buffer.readEntry() { entries.append(entry) }
        self.init(node: node, entries: entries)
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ entry: BusEntry) {
        switch entry {
        case .message(let key, let position, let json):
            writeInteger(UInt8(1))
            write(key)
            writeInteger(position.epoch)
            writeInteger(position.offset)
            writeBytes(of: json)
        case .look: writeInteger(UInt8(2))
        case .signal(let key, let json):
            writeInteger(UInt8(3))
            write(key)
            writeBytes(of: json)
        case .seats(let tenant, let seat, let count):
            writeInteger(UInt8(4))
            write(tenant.id)
            write(seat)
            writeInteger(Int64(count))
        case .member(let key, let member, let count):
            writeInteger(UInt8(5))
            write(key)
            write(member.id)
            writeBytes(of: ByteBuffer(string: member.name))
            writeInteger(Int64(count))
        case .beat: writeInteger(UInt8(6))
        case .hello: writeInteger(UInt8(7))
        case .telling: writeInteger(UInt8(8))
        case .told: writeInteger(UInt8(9))
        }
    }

    fileprivate mutating func readEntry() -> BusEntry? {
        switch readInteger(as: UInt8.self) {
        case 1:
            guard let key = readKey(), let epoch = readInteger(as: Int64.self),
                let offset = readInteger(as: Int64.self),
                let json = readBytes()
            else { return nil }
            return .message(key, TopicPosition(epoch: epoch, offset: offset), json: json)
        case 2: return .look
        case 3:
            guard let key = readKey(), let json = readBytes() else { return nil }
            return json.map { .signal(key, json: $0) }
        case 4:
            guard let tenant = readID(of: Tenant.self), let seat = readID(of: TopicSeat.self),
                let count = readInteger(as: Int64.self)
            else { return nil }
            return .seats(Tenant(tenant), seat, count: Int(count))
        case 5:
            guard let key = readKey(), let seat = readID(of: TopicSeat.self), let name = readBytes(),
                let count = readInteger(as: Int64.self)
            else { return nil }
            return .member(key, TopicMember(id: seat, name: name.map { String(buffer: $0) } ?? ""), count: Int(count))
        case 6: return .beat
        case 7: return .hello
        case 8: return .telling
        case 9: return .told
        default: return nil
        }
    }

    private mutating func write<Entity>(_ id: ID<Entity>) {
        writeInteger(id.high)
        writeInteger(id.low)
    }

    private mutating func readID<Entity>(of type: Entity.Type) -> ID<Entity>? {
        guard let high = readInteger(as: UInt64.self), let low = readInteger(as: UInt64.self) else { return nil }
        return ID(high: high, low: low)
    }

    private mutating func write(_ key: TopicKey) {
        write(key.tenant.id)
        writeInteger(UInt8(key.name.description.utf8.count))
        writeString(key.name.description)
    }

    private mutating func readKey() -> TopicKey? {
        guard let tenant = readID(of: Tenant.self), let count = readInteger(as: UInt8.self),
            let name = readString(length: Int(count)).flatMap(TopicName.init)
        else { return nil }
        return TopicKey(Tenant(tenant), name)
    }

    /// Writes a length, the greatest for nothing, and bytes.
    private mutating func writeBytes(of buffer: ByteBuffer?) {
        guard let buffer else {
            writeInteger(UInt32.max)
            return
        }
        writeInteger(UInt32(buffer.readableBytes))
        writeImmutableBuffer(buffer)
    }

    private mutating func readBytes() -> ByteBuffer?? {
        guard let count = readInteger(as: UInt32.self) else { return nil }
        if count == .max { return .some(nil) }
        return readSlice(length: Int(count)).map { .some($0) }
    }
}
