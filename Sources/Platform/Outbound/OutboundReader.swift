import AsyncHTTPClient
import Base
public import NIOCore
import Telemetry

/// The content of a response, read as it is asked for.
///
/// Nothing is read ahead beyond what the connection holds. One task reads at a time. A reader that is let go before the
/// end closes its connection.
public actor OutboundReader {
    private enum Phase {
        case open(HTTPClientResponse.Body.AsyncIterator)
        case pulling
        case over
    }

    private var phase: Phase
    private var line: OutboundClient.Line?
    private var left: Int
    private let bytesMax: ByteCount
    private let deadline: Duration
    private let idle: Duration
    private let clock: any WallClock

    init(
        _ body: HTTPClientResponse.Body, over line: OutboundClient.Line, bytesMax: ByteCount, deadline: Duration,
        idle: Duration, clock: any WallClock
    ) {
        phase = .open(body.makeAsyncIterator())
        self.line = line
        left = bytesMax.bytes
        self.bytesMax = bytesMax
        self.deadline = deadline
        self.idle = idle
        self.clock = clock
    }

    /// The next bytes; `nil` at the end.
    ///
    /// - Throws: `outbound.timedOut` when the deadline is over or nothing comes for the idle time, `outbound.tooLarge`
    ///   when there is more than allowed, `outbound.closed` when the response was cut off.
    public func next() async throws(OutboundError) -> ByteBuffer? {
        let wait = min(deadline - clock.uptime(), idle)
        do {
            guard wait > .zero else { throw OutboundClient.timedOut }
            guard let chunk = try await within(wait, clock, { try await self.pull() }) else {
                end()
                return nil
            }
            left -= chunk.readableBytes
            guard left >= 0 else { throw OutboundClient.tooLarge(bytesMax) }
            line?.received(chunk.readableBytes)
            return chunk
        } catch {
            let error = OutboundFailure.error(error)
            line?.failed(error)
            end()
            throw error
        }
    }

    /// All bytes that are left, in one buffer.
    ///
    /// - Throws: as ``next()`` does.
    public func collect() async throws(OutboundError) -> ByteBuffer {
        var all = ByteBuffer()
        while var chunk = try await next() { all.writeBuffer(&chunk) }
        return all
    }

    private func pull() async throws -> ByteBuffer? {
        guard case .open(var iterator) = phase else {
            if case .over = phase { return nil }
            throw OutboundError(.closed, "Two tasks read one response.")
        }
        phase = .pulling
        let chunk = try await iterator.next(isolation: self)
        if case .pulling = phase { phase = .open(iterator) }
        return chunk
    }

    /// Lets the connection and the turn go.
    private func end() {
        phase = .over
        line = nil
    }
}

/// Runs `work` for at most `limit`.
func within<Result: Sendable>(
    _ limit: Duration, _ clock: any WallClock, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await clock.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else { throw OutboundClient.timedOut }
        return result
    }
}
