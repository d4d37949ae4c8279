import Base
import BaseTestKit
import Hosting
import Synchronization
import Testing

@testable import Tournament

/// A verifier as the vendor runs it, with a dial for its faults.
final class FakeVerifier: Siteverify {
    enum Fault: Sendable, Hashable {
        case none, down, downOnce, otherHost, otherAction, internalError, wrongSecret
    }

    struct Down: Error {}

    private struct State {
        var fault = Fault.none
        var madeAt: [String: Timestamp] = [:]
        var spent: Set<String> = []
        var answers: [String: SiteverifyAnswer] = [:]
        var keys: [String] = []
    }

    private let clock: SimClock
    private let state = Mutex(State())

    init(clock: SimClock) { self.clock = clock }

    func set(_ fault: Fault) { state.withLock { $0.fault = fault } }

    /// The idempotency keys that were sent, in order.
    var keys: [String] { state.withLock { $0.keys } }

    /// What a browser gets for solving the widget.
    func solve(_ token: String) -> String {
        state.withLock { $0.madeAt[token] = clock.now() }
        return token
    }

    func siteverify(_ request: SiteverifyRequest) async throws -> SiteverifyAnswer {
        let now = clock.now()
        let answer = state.withLock { state -> SiteverifyAnswer? in
            state.keys.append(request.idempotencyKey)
            switch state.fault {
            case .down: return nil
            case .internalError: return SiteverifyAnswer(success: false, errorCodes: ["internal-error"])
            case .wrongSecret: return SiteverifyAnswer(success: false, errorCodes: ["invalid-input-secret"])
            case .none, .downOnce, .otherHost, .otherAction: break
            }
            if let known = state.answers[request.idempotencyKey] { return known }
            let answer = Self.answer(request.token, &state, at: now)
            state.answers[request.idempotencyKey] = answer
            if state.fault == .downOnce {
                // The answer was made and lost on its way.
                state.fault = .none
                return nil
            }
            return answer
        }
        guard let answer else { throw Down() }
        return answer
    }

    private static func answer(_ token: String, _ state: inout State, at now: Timestamp) -> SiteverifyAnswer {
        if token.isEmpty { return SiteverifyAnswer(success: false, errorCodes: ["missing-input-response"]) }
        guard let madeAt = state.madeAt[token] else {
            return SiteverifyAnswer(success: false, errorCodes: ["invalid-input-response"])
        }
        guard now - madeAt < .seconds(300), state.spent.insert(token).inserted else {
            return SiteverifyAnswer(success: false, errorCodes: ["timeout-or-duplicate"])
        }
        return SiteverifyAnswer(
            success: true, hostname: state.fault == .otherHost ? "evil.example" : "film.example",
            action: state.fault == .otherAction ? "login" : "vote", errorCodes: [])
    }
}

@Suite struct CaptchaTests {
    private let clock = SimClock()

    private func verifier(_ fake: FakeVerifier) -> TurnstileVerifier {
        TurnstileVerifier(way: fake, expectation: CaptchaExpectation(hosts: ["film.example"]), failed: { _ in })
    }

    @Test func `a solved token passes once, within its time`() async {
        let fake = FakeVerifier(clock: clock)
        let verifier = verifier(fake)
        let token = fake.solve("one")
        #expect(await verifier.verify(token, from: "::1", attempt: "a") == .solved)
        #expect(await verifier.verify(token, from: "::1", attempt: "b") == .refused(.spent))
        let late = fake.solve("two")
        clock.advance(by: .seconds(300))
        #expect(await verifier.verify(late, from: "::1", attempt: "c") == .refused(.spent))
        #expect(await verifier.verify("made up", from: "::1", attempt: "d") == .refused(.invalid))
        #expect(await verifier.verify("", from: "::1", attempt: "e") == .refused(.missing))
        let long = String(repeating: "x", count: 2_049)
        #expect(await verifier.verify(long, from: "::1", attempt: "f") == .refused(.tooLong))
        #expect(!fake.keys.contains("f"))
    }

    @Test func `a token of another page passes nowhere`() async {
        let fake = FakeVerifier(clock: clock)
        fake.set(.otherHost)
        #expect(await verifier(fake).verify(fake.solve("a"), from: "::1", attempt: "a") == .refused(.otherHost))
        fake.set(.otherAction)
        #expect(await verifier(fake).verify(fake.solve("b"), from: "::1", attempt: "b") == .refused(.otherAction))
    }

    @Test func `an answer that was lost is asked for once more under the same name`() async {
        let fake = FakeVerifier(clock: clock)
        fake.set(.downOnce)
        #expect(await verifier(fake).verify(fake.solve("a"), from: "::1", attempt: "a") == .solved)
        #expect(fake.keys == ["a", "a"])
    }

    @Test func `a verifier that is down or out of order never lets anybody through`() async {
        let fake = FakeVerifier(clock: clock)
        for fault in [FakeVerifier.Fault.down, .internalError] {
            fake.set(fault)
            #expect(
                await verifier(fake).verify(fake.solve("\(fault)"), from: "::1", attempt: "\(fault)") == .unreachable)
        }
        fake.set(.wrongSecret)
        #expect(await verifier(fake).verify(fake.solve("a"), from: "::1", attempt: "a") == .refused(.misconfigured))
    }

    @Test func `a pass is good for its voter, tenant and time, and for nobody else`() {
        let signer = CaptchaSigner(key: Secret(Array(repeating: 7, count: 32)))
        let tenant = Tenant(ID(high: 1, low: 1))
        let voter = ID<Tournament.Voter>(high: 2, low: 2)
        let now = clock.now()
        for kind in CaptchaPass.Kind.allCases {
            let pass = CaptchaPass(kind, at: now)
            let text = signer.text(pass, voter: voter, tenant: tenant)
            #expect(signer.pass(text, voter: voter, tenant: tenant, at: now) == pass)
            #expect(signer.pass(text, voter: ID(high: 2, low: 3), tenant: tenant, at: now) == nil)
            #expect(signer.pass(text, voter: voter, tenant: Tenant(ID(high: 1, low: 2)), at: now) == nil)
            #expect(signer.pass(text, voter: voter, tenant: tenant, at: pass.expiresAt) == nil)
            let other = CaptchaSigner(key: Secret(Array(repeating: 8, count: 32)))
            #expect(other.pass(text, voter: voter, tenant: tenant, at: now) == nil)
            // Every character counts.
            for index in text.indices {
                var forged = text
                forged.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
                let found = signer.pass(forged, voter: voter, tenant: tenant, at: now)
                #expect(found == nil || found == pass && index == text.indices.last)
            }
        }
        for text in ["", "A", "====", String(repeating: "A", count: 34), String(repeating: "A", count: 500), "é"] {
            #expect(signer.pass(text, voter: voter, tenant: tenant, at: now) == nil)
        }
    }

    @Test func `the built-in check takes its own answer and no other`() throws {
        let signer = CaptchaSigner(key: Secret(Array(repeating: 7, count: 32)))
        let tenant = Tenant(ID(high: 1, low: 1))
        let voter = ID<Tournament.Voter>(high: 2, low: 2)
        let chance = SeededRandomness(seed: 4)
        for _ in 0..<50 {
            let challenge = LocalChallenge(
                chance.next(), at: clock.now(), voter: voter, tenant: tenant, signer: signer)
            let numbers = challenge.question.split { !$0.isNumber }.compactMap { Int($0) }
            let sum = numbers.reduce(0, +)
            func verdict(_ answer: String, after: Duration = .zero, by voter: ID<Tournament.Voter> = voter)
                -> CaptchaVerdict
            {
                LocalChallenge.isSolved(
                    challenge.proof, answer: answer, at: clock.now() + after, voter: voter, tenant: tenant,
                    signer: signer)
            }
            #expect(verdict(" \(sum) ") == .solved)
            #expect(verdict("\(sum + 1)") == .refused(.invalid))
            #expect(verdict("") == .refused(.missing))
            #expect(verdict("\(sum)", by: ID(high: 2, low: 3)) == .refused(.invalid))
            #expect(verdict("\(sum)", after: .seconds(300)) == .refused(.spent))
        }
    }

    private func settings(_ values: [String: String]) throws -> Settings {
        try Settings(CaptchaSettings.Key.all) { values[$0.key] }
    }

    @Test func `test keys outside of a demo, half a set-up and missing hosts end the start`() throws {
        let real = ["tournament.captchaSiteKey": "0x4AAAAAAAsite", "tournament.captchaSecret": "0x4AAAAAAAsecret"]
        let test = [
            "tournament.captchaSiteKey": "1x00000000000000000000AA",
            "tournament.captchaSecret": "1x0000000000000000000000000000000AA",
            "tournament.captchaHosts": "film.example",
        ]
        for secret in ["2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA"] {
            var values = real.merging(["tournament.captchaHosts": "film.example"]) { $1 }
            values["tournament.captchaSecret"] = secret
            #expect(throws: HostingError.self) { try CaptchaSettings(settings(values), isDemo: false) }
        }
        #expect(throws: HostingError.self) { try CaptchaSettings(settings(test), isDemo: false) }
        #expect(throws: Never.self) { try CaptchaSettings(settings(test), isDemo: true) }
        #expect(throws: HostingError.self) { try CaptchaSettings(settings(real), isDemo: false) }
        #expect(throws: HostingError.self) {
            try CaptchaSettings(settings(["tournament.captchaSiteKey": "0x4AAAAAAAsite"]), isDemo: false)
        }
        let whole = real.merging(["tournament.captchaHosts": "Film.example, www.film.example"]) { $1 }
        guard case .turnstile(_, _, let hosts) = try CaptchaSettings(settings(whole), isDemo: false).way else {
            Issue.record("the keys are not used")
            return
        }
        #expect(hosts == ["film.example", "www.film.example"])
        guard case .local = try CaptchaSettings(settings([:]), isDemo: true).way,
            case .none = try CaptchaSettings(settings([:]), isDemo: false).way
        else {
            Issue.record("without keys there is the built-in check in demos, and none elsewhere")
            return
        }
    }
}
