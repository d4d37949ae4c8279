import AsyncHTTPClient
public import Base
import NIOCore
import NIOHTTP1
public import Telemetry

/// The one way out: every call of this process to the outside world goes through here.
///
/// What holds for each of them: a deadline over all of it; a bound on what comes back; the host's address checked, and
/// the connection pinned to what was checked; certificates verified; redirects followed only when asked, each checked
/// again; a bounded number at once to one host, a bounded number waiting; its cost recorded. What is refused or fails is
/// an ``OutboundError``. Calling again, and leaving a failing host alone, is the business of `Limits.Dependency`.
public final class OutboundClient: Sendable {
    enum Bounds {
        /// The largest response that is kept in memory.
        static let collected = ByteCount.mebibytes(256)
        static let streamed = ByteCount.mebibytes(1 << 20)
        /// Addresses of one host that are tried.
        static let addresses = 4
        static let check = Duration.seconds(5)
        static let dropped = ["authorization", "cookie", "proxy-authorization"]
    }

    let options: OutboundOptions
    let clock: any WallClock
    /// Where calls are told.
    public let events: EventLog
    private let received: Counter.Series
    private let gate: HostGate
    private let clients: PinnedClients

    /// Makes the way out.
    ///
    /// Opens nothing.
    ///
    /// - Parameters:
    ///   - options: Bounds, and which addresses may be called.
    ///   - clock: What deadlines are measured by.
    ///   - events: Where calls are told, and whose metrics count them.
    public init(_ options: OutboundOptions = OutboundOptions(), clock: any WallClock, events: EventLog) {
        self.options = options
        self.clock = clock
        self.events = events
        received = events.metrics.counter(
            "capstan_outbound_received_bytes_total", "Bytes of responses from the outside world.", unit: .bytes
        ).series()
        let gate = HostGate(runningMax: options.callsPerHostMax, waitingMax: options.waitingPerHostMax)
        self.gate = gate
        clients = PinnedClients(options, clock: clock)
        events.metrics.sampled(
            "capstan_outbound_calls", "Calls to the outside world that run or wait for their turn.", labels: ["state"]
        ) { [weak gate] in
            guard let load = gate?.load else { return [] }
            return [.init(load.running, "running"), .init(load.waiting, "waiting")]
        }
    }

    /// Which addresses may be called, for those who store an address now and call it later.
    public var rule: AddressRule { options.rule }

    /// Looks up whether an address may be called now.
    ///
    /// For addresses that somebody gives us now and that are called later, when they are checked again.
    ///
    /// - Throws: ``OutboundError``: `outbound.addressRefused`, `outbound.unresolved`.
    public func check(_ address: OutboundAddress) async throws(OutboundError) {
        do {
            _ = try await within(Bounds.check, clock) { try await self.clients.addresses(of: address) }
        } catch {
            throw OutboundFailure.error(error)
        }
    }

    /// Sends a request and reads all of the response.
    ///
    /// - Parameter request: Its ``OutboundRequest/responseMax`` is at most 256 MiB.
    /// - Returns: The response, whatever its status.
    /// - Throws: ``OutboundError``.
    public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        precondition(request.responseMax <= Bounds.collected, "a response over \(Bounds.collected) is streamed")
        let download = try await open(request)
        return OutboundResponse(download, content: try await download.content.collect())
    }

    /// Sends a request and returns when the head of the response is there, with its content still to be read.
    ///
    /// - Parameter request: What is sent.
    /// - Returns: The head of the response, whatever its status, and the reader of its content.
    /// - Throws: ``OutboundError``.
    public func open(_ request: OutboundRequest) async throws(OutboundError) -> OutboundDownload {
        let start = clock.uptime()
        do {
            if let fault = request.headers.fault { throw OutboundError(.requestInvalid, fault) }
            precondition(request.responseMax <= Bounds.streamed, "a response may have 1 TiB")
            return try await within(request.deadline, clock) {
                try await self.follow(request, until: start + request.deadline, since: start)
            }
        } catch {
            let error = OutboundFailure.error(error)
            tell(error, since: start)
            throw error
        }
    }

    private func follow(
        _ original: OutboundRequest, until deadline: Duration, since start: Duration
    ) async throws -> OutboundDownload {
        var request = original
        var left = original.redirectsMax
        while true {
            let download = try await call(request, until: deadline, since: start)
            guard original.redirectsMax > 0, let next = Self.redirected(request, by: download) else { return download }
            guard left > 0 else {
                throw OutboundError(.redirectRefused, "More than \(original.redirectsMax) redirects in a row.")
            }
            left -= 1
            request = try next.get()
        }
    }

    /// One request to one host, at the first of its addresses that can be reached.
    private func call(
        _ request: OutboundRequest, until deadline: Duration, since start: Duration
    ) async throws -> OutboundDownload {
        let address = request.address
        let turn = try await gate.enter("\(address.host):\(address.port)")
        let ips = try await clients.addresses(of: address)
        var unreachable: OutboundError?
        for ip in ips.prefix(Bounds.addresses) {
            let client = try clients.client(address.host, at: ip)
            Cost.current?.add(to: .outboundCalls)
            do {
                let response = try await client.http.execute(Self.prepared(request), deadline: .distantFuture)
                let status = Int(response.status.code)
                let headers = OutboundHeaders(response.headers.map { ($0.name, $0.value) })
                events.record(
                    .outboundAnswered, took: clock.uptime() - start, label: "\(status / 100)xx",
                    [
                        "method": .text(request.method.rawValue), "host": .text(address.host),
                        "status": .number(status), "took": .time(clock.uptime() - start),
                    ])
                if request.method != .head, let length = headers["content-length"].flatMap({ Int($0) }),
                    length > request.responseMax.bytes
                {
                    throw Self.tooLarge(request.responseMax)
                }
                let line = Line(owner: self, turn: turn, client: client, start: start)
                return OutboundDownload(
                    status: status, headers: headers, address: address,
                    content: OutboundReader(
                        response.body, over: line, bytesMax: request.responseMax, deadline: deadline,
                        idle: options.idleTimeout, clock: clock))
            } catch {
                let error = OutboundFailure.error(error)
                guard error.code == .unreachable else { throw error }
                unreachable = error
            }
        }
        throw unreachable ?? OutboundError(.unreachable, "Nobody answers at the host's address.")
    }

    private static func prepared(_ request: OutboundRequest) -> HTTPClientRequest {
        var prepared = HTTPClientRequest(url: request.address.description)
        prepared.method = .init(rawValue: request.method.rawValue)
        for field in request.headers.fields { prepared.headers.add(name: field.name, value: field.value) }
        if request.headers["user-agent"] == nil { prepared.headers.add(name: "User-Agent", value: "Capstan") }
        switch request.content {
        case .none: break
        case .bytes(let bytes): prepared.body = .bytes(bytes)
        case .stream(let length, let next):
            prepared.body = .stream(ContentChunks(next: next), length: .known(Int64(length.bytes)))
        }
        return prepared
    }

    /// The request that a redirect asks for; `nil` when the response is none.
    static func redirected(
        _ request: OutboundRequest, by download: OutboundDownload
    ) -> Result<OutboundRequest, OutboundError>? {
        guard [301, 302, 303, 307, 308].contains(download.status), let location = download.headers["location"] else {
            return nil
        }
        guard let address = request.address.following(location) else {
            return .failure(OutboundError(.redirectRefused, "A redirect names an address that cannot be called."))
        }
        guard request.address.scheme == .http || address.scheme == .https else {
            return .failure(
                OutboundError(.redirectRefused, "A redirect leads from an encrypted address to a plain one."))
        }
        var next = request
        next.address = address
        // As browsers do it (Fetch, section 4.4): what was posted is read at the new place.
        if download.status == 303 || (download.status < 303 && request.method == .post), request.method != .head {
            next.method = .get
            next.content = .none
            for name in ["content-type", "content-encoding", "content-language"] { next.headers[name] = nil }
        }
        guard next.content.isRepeatable else {
            return .failure(OutboundError(.redirectRefused, "A redirect came for content that can be sent only once."))
        }
        if address.origin != request.address.origin {
            for name in Bounds.dropped { next.headers[name] = nil }
        }
        return .success(next)
    }

    private func tell(_ error: OutboundError, since start: Duration) {
        guard error.code != .cancelled else { return }
        events.record(
            .outboundFailed, label: String(error.code.rawValue.dropFirst("outbound.".count)),
            ["code": .text(error.code.rawValue), "took": .time(clock.uptime() - start)])
    }

    static var timedOut: OutboundError { OutboundError(.timedOut, "The time for the call was over.") }

    static func tooLarge(_ bytesMax: ByteCount) -> OutboundError {
        OutboundError(.tooLarge, "The response is larger than \(bytesMax), the bound of this call.")
    }

    /// What a response that is being read holds on to.
    struct Line: Sendable {
        let owner: OutboundClient
        let turn: HostGate.Turn
        let client: PinnedClients.Client
        let start: Duration

        func received(_ bytes: Int) { owner.received.add(bytes) }

        func failed(_ error: OutboundError) { owner.tell(error, since: start) }
    }
}

/// Content to be sent, with its failures marked as the caller's.
private struct ContentChunks: AsyncSequence, Sendable {
    let next: @Sendable () async throws -> ByteBuffer?

    func makeAsyncIterator() -> Iterator { Iterator(bring: next) }

    struct Iterator: AsyncIteratorProtocol {
        let bring: @Sendable () async throws -> ByteBuffer?

        func next() async throws -> ByteBuffer? {
            do { return try await bring() } catch { throw ContentFailure(underlying: error) }
        }
    }
}
