import Base
import Synchronization
import Telemetry
import Web

/// Hands out passes for solved captchas and knows whose pass is good.
final class CaptchaDesk: Sendable {
    enum Bounds {
        /// Solutions of the built-in check that are remembered as used, longer than they are good.
        static let spent = 50_000
        /// Checks with the vendor at one time; more are told to come back.
        static let checksMax = 256
    }

    /// The page's part of the set-up.
    enum Widget: Sendable, Hashable {
        case turnstile(siteKey: String)
        case local
        case none
    }

    static let cookieName = "capstan_captcha"

    let widget: Widget
    private let verifier: any CaptchaVerifier
    private let timetable: Timetable
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let spent = Mutex(BoundedMap<String, Bool>(capacity: Bounds.spent))
    private let checks = Mutex(0)

    init(
        widget: Widget, verifier: any CaptchaVerifier, timetable: Timetable, clock: any WallClock,
        randomness: any Randomness, events: EventLog
    ) {
        self.widget = widget
        self.verifier = verifier
        self.timetable = timetable
        self.clock = clock
        self.randomness = randomness
        self.events = events
    }

    /// The pass of a request; `nil` when it has none that is good.
    func pass(of context: RequestContext, _ voter: ID<Voter>) async throws -> CaptchaPass? {
        guard let text = Self.cookie(in: context.header("cookie")),
            let signer = try await timetable.programme(in: context.tenant)?.captcha
        else { return nil }
        return signer.pass(text, voter: voter, tenant: context.tenant, at: clock.now())
    }

    /// A question of the built-in check.
    func challenge(for voter: ID<Voter>, in tenant: Tenant) async throws -> LocalChallenge? {
        guard widget == .local, let signer = try await timetable.programme(in: tenant)?.captcha else { return nil }
        return LocalChallenge(randomness.next(), at: clock.now(), voter: voter, tenant: tenant, signer: signer)
    }

    /// Takes a solution: a cookie with the pass, or why there is none.
    ///
    /// Throws `tournament.captchaFailed` for a solution that is refused, `tournament.notFound` without a season.
    func redeem(
        _ token: String, answer: String, by voter: ID<Voter>, _ context: RequestContext
    ) async throws -> (pass: CaptchaPass, cookie: Cookie) {
        guard let signer = try await timetable.programme(in: context.tenant)?.captcha else {
            throw TournamentError(.notFound, "No season is on.")
        }
        let pass: CaptchaPass
        switch await verdict(on: token, answer: answer, voter, signer, context) {
        case .solved: pass = CaptchaPass(.solved, at: clock.now())
        case .unreachable: pass = CaptchaPass(.limited, at: clock.now())
        case .refused(let refusal):
            events.record(.captchaFailed, ["reason": .text(refusal.rawValue)])
            throw TournamentError(.captchaFailed, refusal.words, context: ["reason": refusal.rawValue])
        }
        let text = signer.text(pass, voter: voter, tenant: context.tenant)
        return (
            pass,
            Cookie(
                name: Self.cookieName, value: text, maxAge: pass.expiresAt - clock.now(), isSecure: context.isSecure)
        )
    }

    private func verdict(
        on token: String, answer: String, _ voter: ID<Voter>, _ signer: CaptchaSigner, _ context: RequestContext
    ) async -> CaptchaVerdict {
        guard case .local = widget else {
            // Each attempt has a name of its own; a token that came before is the vendor's to refuse.
            let isAdmitted = checks.withLock { count in
                guard count < Bounds.checksMax else { return false }
                count += 1
                return true
            }
            guard isAdmitted else { return .unreachable }
            defer { checks.withLock { $0 -= 1 } }
            let attempt = ID<CaptchaDesk>(at: clock.now(), using: AnyRandomness(randomness)).description
            return await verifier.verify(token, from: context.clientAddress.description, attempt: attempt)
        }
        let verdict = LocalChallenge.isSolved(
            token, answer: answer, at: clock.now(), voter: voter, tenant: context.tenant, signer: signer)
        guard verdict == .solved else { return verdict }
        return spent.withLock { spent in
            if spent[token] != nil { return .refused(.spent) }
            spent[token] = true
            return .solved
        }
    }

    private static func cookie(in header: String?) -> String? {
        guard let header, header.utf8.count <= 8_192 else { return nil }
        for pair in header.split(separator: ";") {
            let trimmed = pair.drop { $0 == " " }
            guard trimmed.hasPrefix(cookieName + "=") else { continue }
            return String(trimmed.dropFirst(cookieName.count + 1))
        }
        return nil
    }
}
