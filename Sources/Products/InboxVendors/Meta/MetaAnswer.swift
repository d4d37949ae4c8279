import Base

/// What an answer of Meta's Graph API means.
///
/// An error may come with any status, 200 included; what counts is the body. Codes are Meta's: all but 190 and 2 differ
/// between sources, so a code that is not in the table ends this message only and is shown to the agent.
struct MetaAnswer {
    enum Bounds {
        /// The longest wait that is believed.
        static let wait: Duration = .seconds(3_600)
    }

    /// An error as the Graph API tells it.
    struct Fault: Hashable {
        var code: Int64
        var subcode: Int64?
        var words: String

        /// As in `10/2018278`.
        var name: String { "\(code)" + (subcode.map { "/\($0)" } ?? "") }

        init?(_ body: VendorJSON?) {
            guard let error = body?["error"], error.kind == .object else { return nil }
            code = error["code"]?.integer ?? 0
            subcode = error["error_subcode"]?.integer
            words = error["error_user_msg"]?.text ?? error["message"]?.text ?? ""
        }
    }

    /// What a fault asks for.
    enum Verdict: Hashable {
        case token
        case wait
        case refused(SendRefusal.Reason)
        case unknown
    }

    let status: Int
    let body: VendorJSON?
    let fault: Fault?
    /// How long to wait, as far as the answer says.
    let wait: Duration?

    /// Reads an answer.
    ///
    /// - Parameters:
    ///   - status: the status.
    ///   - bytes: the content.
    ///   - retryAfter: `Retry-After` as a duration.
    ///   - usage: the header `X-Business-Use-Case-Usage`.
    init(status: Int, _ bytes: [UInt8], retryAfter: Duration? = nil, usage: String? = nil) {
        self.status = status
        body = VendorJSON(bytes)
        fault = Fault(body)
        wait = (retryAfter ?? Self.wait(in: usage)).map { min(max($0, .zero), Bounds.wait) }
    }

    /// The minutes until an account may call again, the most of all its uses.
    private static func wait(in usage: String?) -> Duration? {
        guard let usage, usage.utf8.count <= 8_192, let body = VendorJSON(Array(usage.utf8)) else { return nil }
        let minutes =
            body.members.flatMap { $0.value.elements }
            .compactMap { $0["estimated_time_to_regain_access"]?.integer }.max() ?? 0
        return minutes > 0 ? .seconds(min(minutes, 60) * 60) : nil
    }

    static func verdict(of fault: Fault) -> Verdict {
        switch (fault.code, fault.subcode) {
        case (190, _): .token
        case (10, 2_018_278), (10, 2_534_022): .refused(.windowClosed)
        case (10, _), (200...299, _): .refused(.notPermitted)
        case (551, _): .refused(.unavailable)
        case (613, _), (4, _), (32, _), (2, _): .wait
        case (100, _): .refused(.invalid)
        default: .unknown
        }
    }

    /// What became of a message that was sent.
    var outcome: SendOutcome {
        if let fault {
            switch Self.verdict(of: fault) {
            case .token: return .tokenExpired
            case .wait: return .tryAgain(after: wait)
            case .refused(let reason): return refused(reason, fault)
            // A fault of theirs may have come behind the message; one of ours came before it.
            case .unknown: return status >= 500 ? .unknown : refused(.other, fault)
            }
        }
        switch status {
        case 200..<300:
            // Accepted, but its id is lost: the echo will bring it.
            guard let id = body?["message_id"]?.id else { return .unknown }
            return .sent(externalId: VendorKey.bounded(id))
        case 401: return .tokenExpired
        case 429, 503: return .tryAgain(after: wait)
        case 500...: return .unknown
        default: return .refusedForGood(SendRefusal(.other, code: "http/\(status)"))
        }
    }

    private func refused(_ reason: SendRefusal.Reason, _ fault: Fault) -> SendOutcome {
        .refusedForGood(SendRefusal(reason, code: fault.name, words: fault.words))
    }

    /// The body of an answer to a question.
    ///
    /// - Throws: ``VendorFailure``.
    func content() throws(VendorFailure) -> VendorJSON {
        if let fault {
            switch Self.verdict(of: fault) {
            case .token: throw .tokenExpired
            case .wait: throw .tryAgain(after: wait)
            case .refused: throw .refused(code: fault.name)
            case .unknown:
                if status >= 500 { throw .tryAgain(after: wait) }
                throw .refused(code: fault.name)
            }
        }
        switch status {
        case 200..<300:
            guard let body else { throw .unreadable }
            return body
        case 401: throw .tokenExpired
        case 429, 500...: throw .tryAgain(after: wait)
        default: throw .refused(code: "http/\(status)")
        }
    }
}
