import Base
public import Coordination
import Synchronization

/// The shared cache on Redis.
///
/// A value keeps the generations of its tags, and is given out only while they are what they were. On one server each
/// operation is one script. In a cluster, where tags and values are on several nodes, reading and writing take two steps:
/// a value is read first and its tags are compared afterwards, on their nodes, so that what is given out was true at that
/// moment; tags are compared before a value is written, and if they change meanwhile nobody is given it.
///
/// An invalidation that could not be sent is remembered, and is sent before anything else once the server is back.
public final class RedisSharedCache: SharedCache {
    private enum Bounds {
        /// How long a generation is kept at least after it was asked for: the longest load.
        static let fence = Duration.seconds(900)
        /// How much longer than its values a generation is kept.
        static let margin = Duration.seconds(60)
        /// Invalidations that wait for the server to be back; the oldest are forgotten.
        static let unsent = 65_536
        /// How many of them are sent at once.
        static let batch = 1_000
    }

    private let client: RedisClient
    /// Keys of tags, each with the number of its last invalidation.
    private struct Unsent {
        var keys = BoundedMap<String, UInt64>(capacity: Bounds.unsent)
        var last: UInt64 = 0
    }

    private let unsent = Mutex(Unsent())

    /// Keeps values on the client's server.
    public init(_ client: RedisClient) {
        self.client = client
        client.onReturn { [weak self] in self?.sendUnsent() }
    }

    /// Reads a value that is neither expired nor invalidated.
    public func value(for key: String) async throws(CoordinationError) -> SharedValue? {
        try CoordinationBounds.check(name: key)
        try await catchUp()
        let isCluster = client.isCluster
        let reply = try await client.coordinating { client throws(RedisError) in
            try await client.run(isCluster ? RedisScripts.entry : RedisScripts.value, keys: [valueKey(key)], [])
        }
        guard case .array(let parts) = reply else { return nil }
        guard parts.count == (isCluster ? 3 : 2), let bytes = parts[0].bytes, let left = parts[1].number else {
            throw .unreadable("read a value")
        }
        if isCluster {
            let fence = parts[2].elements?.compactMap(\.text) ?? []
            let tags = stride(from: 0, to: fence.count, by: 2).map { fence[$0] }
            let generations = stride(from: 1, to: fence.count, by: 2).map { fence[$0] }
            guard try await areCurrent(tags, generations) else { return nil }
        }
        guard left > 0 else { return nil }
        return SharedValue(bytes: bytes, remaining: .milliseconds(left))
    }

    /// The generations that `tags` have now.
    public func fence(of tags: [String]) async throws(CoordinationError) -> SharedFence {
        for tag in tags { try CoordinationBounds.check(name: tag) }
        try await catchUp()
        var generations = [UInt64](repeating: 0, count: tags.count)
        let replies = try await onEachNode(tags.map(tagKey)) { client, places, keys throws(RedisError) in
            try await client.run(
                RedisScripts.fence, keys: keys,
                [.number(Int(Bounds.fence.milliseconds))]
                    + keys.map { _ in .text(String(client.randomness.next() >> 1)) })
        }
        for (places, reply) in replies {
            guard let found = reply.elements, found.count == places.count else { throw .unreadable("read tags") }
            for (place, value) in zip(places, found) {
                guard let generation = value.text.flatMap(UInt64.init) else { throw .unreadable("read tags") }
                generations[place] = generation
            }
        }
        return SharedFence(tags: tags, generations: generations)
    }

    /// Stores, unless the fence is no longer current.
    public func set(
        _ key: String, to bytes: [UInt8], for ttl: Duration, fence: SharedFence
    ) async throws(CoordinationError) -> Bool {
        try CoordinationBounds.check(name: key, payload: bytes.count, max: CoordinationBounds.valueBytesMax)
        try await catchUp()
        let (keys, generations) = (fence.tags.map(tagKey), fence.generations.map { String($0) })
        let valueKey = valueKey(key)
        let life = Int(max(1, ttl.milliseconds))
        let tagLife = life + Int(Bounds.margin.milliseconds)
        if !client.isCluster || Set(([valueKey] + keys).map(HashSlot.slot)).count == 1 {
            let reply = try await client.coordinating { client throws(RedisError) in
                try await client.run(
                    RedisScripts.set, keys: [valueKey] + keys,
                    [.bytes(bytes), .number(life), .number(tagLife)] + generations.map { .text($0) })
            }
            return reply.number == 1
        }
        let confirmed = try await onEachNode(keys) { client, places, keys throws(RedisError) in
            try await client.run(
                RedisScripts.confirm, keys: keys, [.number(tagLife)] + places.map { .text(generations[$0]) })
        }
        guard confirmed.allSatisfy({ $0.reply.number == 1 }) else { return false }
        let pairs = zip(keys, generations).flatMap { [RedisCommand.Argument.text($0), .text($1)] }
        return try await client.coordinating { client throws(RedisError) in
            try await client.run(RedisScripts.store, keys: [valueKey], [.bytes(bytes), .number(life)] + pairs)
        }.number == 1
    }

    /// Gives each tag another generation.
    public func invalidate(_ tags: [String]) async throws(CoordinationError) {
        for tag in tags { try CoordinationBounds.check(name: tag) }
        do {
            try await catchUp()
            try await remove(tags.map(tagKey))
        } catch {
            unsent.withLock { unsent in
                unsent.last += 1
                for tag in tags { unsent.keys[tagKey(tag)] = unsent.last }
            }
            throw error
        }
    }

    /// Takes the right to load `key`.
    public func lease(_ key: String, for ttl: Duration) async throws(CoordinationError) -> SharedLease? {
        try CoordinationBounds.check(name: key)
        let token = client.randomness.next() >> 1
        let reply = try await client.coordinating { client throws(RedisError) in
            try await client.send(
                RedisCommand(
                    "SET",
                    [
                        .key(leaseKey(key)), .text(String(token)), "NX", "PX", .number(Int(max(1, ttl.milliseconds))),
                    ]))
        }
        return reply == .null ? nil : SharedLease(key: key, token: token)
    }

    /// Gives the right back, if it is still this holder's.
    public func release(_ lease: SharedLease) async throws(CoordinationError) {
        _ = try await client.coordinating { client throws(RedisError) in
            try await client.run(RedisScripts.release, keys: [leaseKey(lease.key)], [.text(String(lease.token))])
        }
    }

    // MARK: Keys and nodes

    private func valueKey(_ key: String) -> String { "\(client.options.prefix):value:\(key)" }
    private func tagKey(_ tag: String) -> String { "\(client.options.prefix):tag:\(tag)" }
    private func leaseKey(_ key: String) -> String { "\(client.options.prefix):lease:\(key)" }

    /// Does something with keys, all at once on one server, and slot by slot, side by side, in a cluster.
    private func onEachNode(
        _ keys: [String],
        _ body: @escaping @Sendable (RedisClient, [Int], [String]) async throws(RedisError) -> RESPValue
    ) async throws(CoordinationError) -> [(places: [Int], reply: RESPValue)] {
        guard !keys.isEmpty else { return [] }
        let parts =
            client.isCluster
            ? Array(Dictionary(grouping: keys.indices) { HashSlot.slot(of: keys[$0]) }.values) : [Array(keys.indices)]
        if parts.count == 1 {
            let reply = try await client.coordinating { client throws(RedisError) in
                try await body(client, parts[0], keys)
            }
            return [(parts[0], reply)]
        }
        let answers = await withTaskGroup(of: ([Int], Result<RESPValue, RedisError>).self) { [client] group in
            for places in parts {
                group.addTask {
                    do throws(RedisError) {
                        return (places, .success(try await body(client, places, places.map { keys[$0] })))
                    } catch {
                        return (places, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var replies: [(places: [Int], reply: RESPValue)] = []
        for (places, answer) in answers {
            do { replies.append((places, try answer.get())) } catch { throw CoordinationError(error) }
        }
        return replies
    }

    private func areCurrent(_ tags: [String], _ generations: [String]) async throws(CoordinationError) -> Bool {
        let replies = try await onEachNode(tags) { client, _, keys throws(RedisError) in
            try await client.send(RedisCommand("MGET", keys.map(RedisCommand.Argument.key)))
        }
        for (places, reply) in replies {
            let found = reply.elements?.map(\.text) ?? []
            guard found == places.map({ generations[$0] }) else { return false }
        }
        return true
    }

    // MARK: Invalidations that wait

    /// How many invalidations wait for the server to be back.
    public var unsentCount: Int { unsent.withLock { $0.keys.count } }

    private func remove(_ keys: [String]) async throws(CoordinationError) {
        _ = try await onEachNode(keys) { client, _, keys throws(RedisError) in
            try await client.send(RedisCommand("UNLINK", keys.map(RedisCommand.Argument.key)))
        }
    }

    /// Sends what waits, so that nothing is read or written here that is known to be old.
    private func catchUp() async throws(CoordinationError) {
        while true {
            let (keys, last) = unsent.withLock { (Array($0.keys.keys.prefix(Bounds.batch)), $0.last) }
            guard !keys.isEmpty else { return }
            try await remove(keys)
            for key in keys { sent(key, upTo: last) }
        }
    }

    /// Forgets an invalidation, unless the tag was invalidated again meanwhile.
    private func sent(_ key: String, upTo last: UInt64) {
        unsent.withLock { unsent in
            if let number = unsent.keys[key], number <= last { unsent.keys[key] = nil }
        }
    }

    /// Sends what waits at once when the server is back, for the other nodes' sake; what fails waits on.
    private func sendUnsent() {
        let (keys, last) = unsent.withLock { (Array($0.keys.keys), $0.last) }
        for key in keys {
            client.send(RedisCommand("UNLINK", [.key(key)])) { [weak self] in self?.sent(key, upTo: last) }
        }
    }
}
