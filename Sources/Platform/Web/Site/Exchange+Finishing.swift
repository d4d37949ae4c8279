import Base
import NIOCore
import NIOHTTP1
import Telemetry

extension Exchange {
    /// Puts the headers of the route around an answer.
    func finish(_ answer: Answer) throws -> WireResponse {
        let status = answer.status ?? mounted?.route.status ?? 200
        var headers = HTTPHeaders()
        headers.reserveCapacity(12)
        let mediaType = answer.mediaType ?? mounted?.mediaType
        let isCompressible =
            answer.isCompressible
            && (answer.mediaType.map(MediaTypes.isCompressible) ?? mounted?.isCompressible ?? false)
        let isSuccess = (200..<300).contains(status)
        var cacheControl = answer.overridesCache ?? (isSuccess ? mounted?.cacheControl : nil) ?? "no-store"
        if !cookies.isEmpty || !answer.cookies.isEmpty || head.authorization != nil,
            mounted?.route.cache.isPublic ?? false
        {
            cacheControl = "private, no-store"
        }
        let wantsValidator = isSuccess && mounted?.route.cache.hasValidator ?? false
        var response = WireResponse(status: status, headers: HTTPHeaders(), body: .none)
        switch answer.body {
        case .none:
            if status != 204, status != 304 { headers.add(name: "content-length", value: "0") }
        case .bytes(let buffer):
            if wantsValidator, put(answer.validator ?? Validator.strong(of: buffer), into: &headers) {
                return finish(notModified: headers, cacheControl: cacheControl, answer: answer)
            }
            var body = buffer
            if isCompressible, buffer.readableBytes >= Gzip.bytesMin {
                headers.add(name: "vary", value: "accept-encoding")
                if head.acceptsGzip, let small = Gzip.compress(buffer), small.readableBytes < buffer.readableBytes {
                    body = small
                    headers.add(name: "content-encoding", value: "gzip")
                }
            }
            headers.add(name: "content-length", value: String(body.readableBytes))
            response.body = .bytes(body)
        case .ready(let ready):
            if wantsValidator, put(ready.validator, into: &headers) {
                return finish(notModified: headers, cacheControl: cacheControl, answer: answer)
            }
            if ready.compressed != nil { headers.add(name: "vary", value: "accept-encoding") }
            if let compressed = ready.compressed, isCompressible, head.acceptsGzip {
                headers.add(name: "content-encoding", value: "gzip")
                headers.add(name: "content-length", value: ready.compressedLength)
                response.body = .bytes(compressed)
            } else {
                headers.add(name: "content-length", value: ready.plainLength)
                response.body = .bytes(ready.plain)
            }
        case .stream(let length, let write):
            if let validator = answer.validator, put(validator, into: &headers), isSuccess {
                return finish(notModified: headers, cacheControl: cacheControl, answer: answer)
            }
            if let length {
                headers.add(name: "content-length", value: String(length))
            } else {
                headers.add(name: "transfer-encoding", value: "chunked")
            }
            response.body = .stream(write)
        case .takeover(let take): response.body = .takeover(take)
        }
        if let mediaType { headers.add(name: "content-type", value: mediaType) }
        headers.add(name: "cache-control", value: cacheControl)
        addCommon(to: &headers, answer: answer, mediaType: mediaType)
        response.headers = headers
        return observed(response, problem: nil)
    }

    /// Adds the tag; whether the client has exactly this already.
    private func put(_ tag: String, into headers: inout HTTPHeaders) -> Bool {
        headers.add(name: "etag", value: tag)
        guard let known = head.ifNoneMatch else { return false }
        return Validator.matches(known, tag)
    }

    private func finish(notModified headers: HTTPHeaders, cacheControl: String, answer: Answer) -> WireResponse {
        var headers = headers
        headers.add(name: "cache-control", value: cacheControl)
        addCommon(to: &headers, answer: answer, mediaType: nil)
        return observed(WireResponse(status: 304, headers: headers, body: .none), problem: nil)
    }

    private func addCommon(to headers: inout HTTPHeaders, answer: Answer, mediaType: String?) {
        site.security.add(
            to: &headers, isPage: mediaType?.hasPrefix("text/html") ?? false, foreignOrigin: answer.foreignOrigin,
            framing: answer.framing)
        for cookie in cookies { headers.add(name: "set-cookie", value: cookie.header) }
        for cookie in answer.cookies { headers.add(name: "set-cookie", value: cookie.header) }
        for header in answer.headers { headers.add(name: header.name, value: header.value) }
    }

    /// Turns an error into the problem that the route or the platform declares for it.
    func finish(failing error: any Error) -> WireResponse {
        let (problem, status) = Problem.describe(error, declared: mounted?.statuses ?? [:])
        if status >= 500 {
            site.services.events.record(
                .requestFailed,
                [
                    "route": .text(mounted?.route.name ?? "none"), "method": .text(head.method),
                    "status": .number(status), "code": .text(problem.code),
                    "error": .text(Problem.safeDescription(of: error)),
                ])
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(10)
        let isPage = head.prefersHTML
        if status == 401, isPage, let door = signInAddress { return redirect(to: door, problem: problem.code) }
        let page = isPage ? site.pages?.page(of: problem, status: status, in: chromeContext) : nil
        let body = page ?? problem.body(status: status, trace: status >= 500 ? trace : nil)
        headers.add(name: "content-length", value: String(body.readableBytes))
        headers.add(name: "content-type", value: page != nil ? "text/html; charset=utf-8" : "application/problem+json")
        headers.add(name: "cache-control", value: "no-store")
        if let retryAfter = problem.retryAfter {
            headers.add(name: "retry-after", value: String(Problem.seconds(retryAfter)))
        }
        if status == 401 { headers.add(name: "www-authenticate", value: "Bearer realm=\"capstan\"") }
        for header in problem.headers { headers.add(name: header.name, value: header.value) }
        site.security.add(to: &headers, isPage: page != nil)
        for cookie in cookies { headers.add(name: "set-cookie", value: cookie.header) }
        var response = WireResponse(status: status, headers: headers, body: .bytes(body))
        response.closes = status == 413 || status == 408 || status == 400 && head.hasBody
        return observed(response, problem: problem.code)
    }

    /// Where somebody who asked for a page must sign in first; `nil` when there is no page or no door.
    private var signInAddress: String? {
        guard head.method == "GET", mounted?.route.content.mediaType == Content.html.mediaType,
            let door = site.pages?.chrome.signInPath
        else { return nil }
        let target = head.query.isEmpty ? String(head.path) : "\(head.path)?\(head.query)"
        return "\(door)?next=\(PercentEncoding.encode(target))"
    }

    private func redirect(to address: String, problem: String) -> WireResponse {
        var headers: HTTPHeaders = ["location": address, "cache-control": "no-store", "content-length": "0"]
        SecurityHeaders.add(to: &headers)
        for cookie in cookies { headers.add(name: "set-cookie", value: cookie.header) }
        return observed(WireResponse(status: 303, headers: headers, body: .none), problem: problem)
    }

    private func observed(_ response: WireResponse, problem: String?) -> WireResponse {
        var response = response
        if isHead {
            response.body = .none
        } else if case .bytes(let buffer) = response.body {
            cost.add(buffer.readableBytes, to: .bytesSent)
        }
        guard case .stream(let write) = response.body else {
            observe(response.status, problem)
            return response
        }
        let exchange = self
        let status = response.status
        response.body = .stream { writer in
            try await Cost.$current.withValue(exchange.cost) {
                defer { exchange.observe(status, problem) }
                try await write(writer)
            }
        }
        return response
    }

    private func observe(_ status: Int, _ problem: String?) {
        let duration = site.services.clock.uptime() - start
        let isOver = (mounted?.ledger ?? site.unmatched).record(cost, took: duration, failed: status >= 500)
        if let costs = site.services.costs, let tenant, let route = mounted?.route {
            costs.record(cost, of: route.name, for: tenant)
        }
        if isOver, let route = mounted?.route {
            site.services.events.record(
                .budgetExceeded,
                [
                    "route": .text(route.name), "statements": .number(cost[.statements]),
                    "budget": .number(route.budget.statements),
                ])
        }
        if status < 400 {
            site.services.events.record(
                .requestServed, took: duration,
                [
                    "route": .text(mounted?.route.name ?? "none"), "method": .text(head.method),
                    "status": .number(status), "took": .time(duration), "statements": .number(cost[.statements]),
                    "bytes": .number(cost[.bytesSent]),
                ])
        } else if status < 500 {
            site.services.events.record(
                .requestRefused,
                [
                    "route": .text(mounted?.route.name ?? "none"), "method": .text(head.method),
                    "status": .number(status), "code": .text(problem ?? ""),
                ])
        }
        guard let observer = site.services.observer else { return }
        observer.requestFinished(
            RequestRecord(
                operation: mounted?.route.name, method: head.method, status: status, problem: problem,
                duration: duration, cost: cost, budget: mounted?.route.budget.statements, isOverBudget: isOver,
                trace: trace))
    }
}

/// Headers that keep browsers from doing what a page of ours never needs.
struct SecurityHeaders: Sendable {
    private static let policy = "content-security-policy"
    private static let other = [
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
    ]

    private let strict: String
    private let page: [(String, String)]

    /// What pages of a site may load, and from where.
    ///
    /// - Parameters:
    ///   - filesOrigin: whence pictures and films come beside the site itself.
    ///   - uploadOrigin: where uploads go beside the site itself.
    init(filesOrigin: String? = nil, uploadOrigin: String? = nil) {
        let files = filesOrigin.map { " \($0)" } ?? ""
        let uploads = uploadOrigin.map { " \($0)" } ?? ""
        strict =
            "style-src 'self'; img-src 'self' data: blob:\(files); media-src 'self' blob:\(files); font-src 'self'; "
            + "connect-src 'self'\(uploads); manifest-src 'self'; form-action 'self'; base-uri 'none'"
        page = [
            (Self.policy, "default-src 'none'; script-src 'self'; \(strict); frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        ]
    }

    /// Adds those of an answer that is no page.
    static func add(to headers: inout HTTPHeaders) { headers.add(contentsOf: other) }

    /// Adds them; a page may load a script and a frame of one other site, and stand in frames, when it says so.
    func add(
        to headers: inout HTTPHeaders, isPage: Bool, foreignOrigin: String? = nil, framing: Framing = .none
    ) {
        guard isPage else { return Self.add(to: &headers) }
        headers.add(contentsOf: page)
        guard foreignOrigin != nil || framing != .none else { return }
        let foreign = foreignOrigin.map { " \($0)" } ?? ""
        let framed = framing.holdsOwnPages ? " 'self'\(foreign)" : foreign
        let frames = framed.isEmpty ? "" : "frame-src\(framed); "
        headers.replaceOrAdd(
            name: Self.policy,
            value: "default-src 'none'; script-src 'self'\(foreign); \(frames)\(strict); "
                + "frame-ancestors \(framing.ancestorList)")
    }
}
