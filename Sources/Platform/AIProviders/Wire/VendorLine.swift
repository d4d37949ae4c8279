import Base
import NIOCore
import Outbound

/// HTTP to one vendor: sends a request and reads its answer as a stream of events, or whole.
struct VendorLine: Sendable {
    enum Bounds {
        /// Bytes of all events of an answer: 64 MiB.
        static let streamMax = ByteCount.mebibytes(64)
        /// Bytes of an answer that is not streamed, vectors as numbers in text included.
        static let wholeMax = ByteCount.mebibytes(64)
        static let errorBytes = 64 << 10
        /// How long a stream may still take to close after its last event, so that the connection can be used again.
        static let closing = Duration.milliseconds(100)
    }

    let origin: String
    let path: String
    let outbound: OutboundClient
    let clock: any WallClock
    let deadline: Duration

    /// - Parameters:
    ///   - base: where the vendor's interface begins, such as `https://api.openai.com/v1`.
    ///   - outbound: the way out.
    ///   - clock: what dates of `Retry-After` are counted from.
    ///   - deadline: how long a call may take to its last byte.
    init(_ base: OutboundAddress, through outbound: OutboundClient, clock: any WallClock, deadline: Duration) {
        origin = base.origin
        path = base.path.hasSuffix("/") ? String(base.path.dropLast()) : base.path
        self.outbound = outbound
        self.clock = clock
        self.deadline = deadline
    }

    /// Posts `body` and hands the text of the answer on as it comes.
    ///
    /// - Parameters:
    ///   - path: beneath the vendor's base.
    ///   - headers: with the key.
    ///   - body: the request as JSON.
    ///   - dialect: reads the events.
    ///   - whole: reads an answer that comes as one object although a stream was asked for.
    ///   - receive: takes the text.
    /// - Returns: how the answer ended.
    /// - Throws: ``AIError``, or what `receive` throws.
    func stream<Dialect: ChatDialect>(
        _ path: String, _ headers: OutboundHeaders, _ body: [UInt8], as dialect: Dialect,
        whole: (inout Dialect, VendorJSON) throws(AIError) -> String, _ receive: (String) async throws -> Void
    ) async throws -> ChatEnd {
        var hasBegun = false
        do throws(AIError) {
            let download = try await open(path, headers, body, responseMax: Bounds.streamMax)
            var dialect = dialect
            if Self.isJSON(download.headers) {
                let text = try whole(&dialect, try json(try await collect(download.content)))
                let end = try dialect.end()
                if !text.isEmpty {
                    hasBegun = true
                    try await hand(text, to: receive)
                }
                return end
            }
            var parser = EventStreamParser()
            while !dialect.isFinished, let chunk = try await next(download.content) {
                for event in try parser.take(chunk.readableBytesView) where !dialect.isFinished {
                    let text = try dialect.take(event)
                    guard !text.isEmpty else { continue }
                    hasBegun = true
                    try await hand(text, to: receive)
                }
            }
            if dialect.isFinished {
                await close(download.content)
            } else if let event = try parser.finish(),
                VendorJSON(event.data) != nil || event.data.starts(with: "[".utf8)
            {
                let text = try dialect.take(event)
                if !text.isEmpty {
                    hasBegun = true
                    try await hand(text, to: receive)
                }
            }
            return try dialect.end()
        } catch {
            if let caller = error.underlying as? ReceiverFailure { throw caller.error }
            var error = error
            error.hasBegun = hasBegun
            throw error
        }
    }

    /// Posts `body` and reads the answer as one document.
    func post(_ path: String, _ headers: OutboundHeaders, _ body: [UInt8]) async throws(AIError) -> VendorJSON {
        let download = try await open(path, headers, body, responseMax: Bounds.wholeMax)
        let answer = try json(try await collect(download.content))
        if let error = answer["error"] { throw VendorFault.inStream(error) }
        return answer
    }

    private func open(
        _ path: String, _ headers: OutboundHeaders, _ body: [UInt8], responseMax: ByteCount
    ) async throws(AIError) -> OutboundDownload {
        guard let address = OutboundAddress(origin + self.path + path) else {
            throw AIError(.requestInvalid, "The vendor's address cannot be written.")
        }
        var headers = headers
        headers.add("content-type", "application/json")
        let request = OutboundRequest(
            .post, address, headers: headers, content: .bytes(ByteBuffer(bytes: body)), deadline: deadline,
            responseMax: responseMax)
        let download: OutboundDownload
        do throws(OutboundError) {
            download = try await outbound.open(request)
        } catch {
            throw VendorFault.unanswered(error)
        }
        guard download.status == 200 else {
            throw VendorFault.answered(
                download.status, download.headers, await beginning(of: download.content), now: clock.now())
        }
        return download
    }

    private func next(_ content: OutboundReader) async throws(AIError) -> ByteBuffer? {
        do throws(OutboundError) { return try await content.next() } catch { throw VendorFault.unanswered(error) }
    }

    private func collect(_ content: OutboundReader) async throws(AIError) -> [UInt8] {
        do throws(OutboundError) {
            return Array(try await content.collect().readableBytesView)
        } catch {
            throw VendorFault.unanswered(error)
        }
    }

    private func json(_ bytes: [UInt8]) throws(AIError) -> VendorJSON {
        guard let json = VendorJSON(bytes) else { throw AIError(.unreadable, "The vendor's answer is no JSON.") }
        return json
    }

    /// What an error says, as far as it comes; that it breaks off matters to nobody.
    private func beginning(of content: OutboundReader) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while bytes.count < Bounds.errorBytes, let chunk = try await content.next() {
                bytes += chunk.readableBytesView
            }
        } catch {
            return bytes
        }
        return bytes
    }

    /// Reads the end of a stream whose last event is there; one that does not end is let go, which closes it.
    private func close(_ content: OutboundReader) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do { while try await content.next() != nil {} } catch { return }
            }
            // A cancelled sleep is how the race is lost.
            group.addTask { [clock] in try? await clock.sleep(for: Bounds.closing) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Marks what the receiver throws, so that it is not taken for a fault of the vendor.
    private func hand(_ text: String, to receive: (String) async throws -> Void) async throws(AIError) {
        do {
            try await receive(text)
        } catch {
            throw AIError(.cancelled, "The receiver of the answer failed.", underlying: ReceiverFailure(error: error))
        }
    }

    private static func isJSON(_ headers: OutboundHeaders) -> Bool {
        headers["content-type"]?.lowercased().hasPrefix("application/json") ?? false
    }
}

/// What the receiver of an answer threw.
struct ReceiverFailure: Error {
    let error: any Error
}
