import Base
import Coordination
import CoordinationRedis
import CoordinationStorage
import Foundation
import Hosting
import Storage
import Telemetry

extension Installation {
    /// What this process shares with the others of its installation: through Redis where there is one, through
    /// PostgreSQL where several processes serve, and with nobody otherwise.
    func openCoordination(over storage: Storage, events: EventLog) throws -> CoordinationServices {
        if let url = settings.secret(PlatformSettings.redis) {
            return .redis(try openRedis(url.reveal { $0 }, events: events))
        }
        guard settings.integer(PlatformSettings.nodeCount) > 1 else { return .alone() }
        guard case .postgres = database else {
            throw Failure.usedWrongly(
                "node.count is above 1, but a database of SQLite has one process: give --database postgres://…")
        }
        return StorageCoordination.services(storage, clock: clock, randomness: randomness, events: events)
    }

    private func openRedis(_ url: String, events: EventLog) throws -> RedisClient {
        var options = RedisOptions()
        options.prefix = settings.text(PlatformSettings.redisPrefix) ?? options.prefix
        options.commandTimeout = .milliseconds(settings.integer(PlatformSettings.redisTimeout))
        options.trustFile = settings.text(PlatformSettings.redisTrust)
        do throws(RedisError) {
            return try RedisClient(
                RedisAddress(url), options: options, clock: clock, randomness: randomness, events: events)
        } catch {
            throw Failure.usedWrongly("redis.url, redis.prefix or redis.trust cannot be used: \(error.message)")
        }
    }
}
