import Base

/// What a verifier of captchas is asked, in the words of Turnstile's `siteverify`.
struct SiteverifyRequest: Sendable, Hashable {
    let token: String
    let remoteAddress: String
    /// Makes a repetition of our own question safe: the same key gets the same answer.
    let idempotencyKey: String
}

/// What the verifier answers.
struct SiteverifyAnswer: Sendable, Hashable, Codable {
    var success: Bool
    var hostname: String?
    var action: String?
    var errorCodes: [String]?

    enum CodingKeys: String, CodingKey {
        case success, hostname, action
        case errorCodes = "error-codes"
    }
}

/// The way to a verifier; throws when it cannot be reached or answers nonsense.
protocol Siteverify: Sendable {
    func siteverify(_ request: SiteverifyRequest) async throws -> SiteverifyAnswer
}

/// What a captcha has shown.
enum CaptchaVerdict: Sendable, Hashable {
    case solved
    case refused(CaptchaRefusal)
    /// The verifier cannot be reached.
    case unreachable
}

/// Why a token is not taken.
enum CaptchaRefusal: String, Sendable, Hashable, CaseIterable {
    case missing, tooLong, spent, invalid, otherHost, otherAction, misconfigured

    var words: String {
        switch self {
        case .missing: "The check was not solved yet."
        case .tooLong, .invalid: "The check was not passed. Please solve it again."
        case .spent: "This solution was used or is too old. Please solve the check again."
        case .otherHost, .otherAction: "This solution was made for another page. Please solve the check here."
        case .misconfigured: "The check is not set up rightly here; the organisers have been told."
        }
    }
}

/// What is asked of a token beside being solved: a pure function of the verifier's answer.
struct CaptchaExpectation: Sendable, Hashable {
    /// A token has at most this many characters.
    static let tokenMax = 2_048
    /// The word that our widget gives the verifier.
    static let action = "vote"

    /// Where our pages are; a token of any other host was solved for somebody else.
    let hosts: Set<String>

    /// What can be said without asking anybody.
    func refusal(of token: String) -> CaptchaRefusal? {
        if token.isEmpty { return .missing }
        return token.utf8.count > Self.tokenMax ? .tooLong : nil
    }

    func verdict(on answer: SiteverifyAnswer) -> CaptchaVerdict {
        guard answer.success else {
            let codes = Set(answer.errorCodes ?? [])
            if codes.contains("internal-error") { return .unreachable }
            if codes.contains("timeout-or-duplicate") { return .refused(.spent) }
            if codes.contains("missing-input-response") { return .refused(.missing) }
            if codes.contains("missing-input-secret") || codes.contains("invalid-input-secret") {
                return .refused(.misconfigured)
            }
            return .refused(.invalid)
        }
        guard let hostname = answer.hostname?.lowercased(), hosts.contains(hostname) else {
            return .refused(.otherHost)
        }
        return answer.action == Self.action ? .solved : .refused(.otherAction)
    }
}

/// Decides whether a captcha was solved.
protocol CaptchaVerifier: Sendable {
    /// - Parameters:
    ///   - token: what the widget gave the browser.
    ///   - address: from where.
    ///   - attempt: the name of this attempt, new for each.
    /// - Returns: what it has shown; never throws, as a verifier that fails is a verdict of its own.
    func verify(_ token: String, from address: String, attempt: String) async -> CaptchaVerdict
}

/// Turnstile: asks the vendor once, and once more under the same key when no answer came.
struct TurnstileVerifier: CaptchaVerifier {
    let way: any Siteverify
    let expectation: CaptchaExpectation
    let failed: @Sendable (any Error) -> Void

    func verify(_ token: String, from address: String, attempt: String) async -> CaptchaVerdict {
        if let refusal = expectation.refusal(of: token), refusal != .missing { return .refused(refusal) }
        let request = SiteverifyRequest(token: token, remoteAddress: address, idempotencyKey: attempt)
        for _ in 0..<2 {
            do {
                let verdict = expectation.verdict(on: try await way.siteverify(request))
                if verdict != .unreachable { return verdict }
            } catch {
                failed(error)
                if Task.isCancelled { return .unreachable }
            }
        }
        return .unreachable
    }
}

/// No verifier is set up: nobody can pass, and the small cap holds for all.
struct MissingVerifier: CaptchaVerifier {
    func verify(_ token: String, from address: String, attempt: String) async -> CaptchaVerdict { .unreachable }
}
