import Base
import Web

/// Solved captchas for passes: for programs, and as a page with a form.
struct CaptchaRoutes: Sendable {
    let house: Playhouse

    var api: [Route] { [redeem] }
    var pages: [Route] { [show, submit] }

    private var desk: CaptchaDesk { house.fairness.captcha }

    private static let limit = RouteLimit.per(.voter, "tournament.captcha", 10)
    private static let failures = [
        Failure("tournament.captchaFailed", 403, "The solution is not taken; `reason` says why."),
        Failure("tournament.notFound", 404, "No season is on."),
    ]

    private struct Solution: Input {
        static let fields: [Field] = [
            .body("token", .text(0...CaptchaExpectation.tokenMax), "What the widget, or the built-in check, gave."),
            .body("answer", optional: .text(0...16), default: "", "The answer, for the built-in check."),
        ]

        let token: String
        let answer: String
    }

    private struct PassAnswer: Output {
        static let shape = Shape.object([
            .body("expiresAt", .timestamp), .body("isLimited", .boolean, "Whether the small cap of a day holds."),
            .body("dailyWeight", optional: .integer),
        ])

        let expiresAt: Timestamp
        let isLimited: Bool
        let dailyWeight: Int?
    }

    private var redeem: Route {
        Route(
            .post, "/captcha", "tournament.solveCaptcha", "Takes a solved captcha and gives a pass of half an hour.",
            policy: .voter, limit: Self.limit, budget: 0, failures: Self.failures
        ) { [house] (request: Request<Solution>) in
            let (pass, cookie) = try await asProblem {
                try await house.redeem(request.input.token, answer: request.input.answer, request.context)
            }
            return Reply(
                PassAnswer(
                    expiresAt: pass.expiresAt, isLimited: pass.kind == .limited, dailyWeight: pass.dailyWeight),
                cookies: [cookie])
        }
    }

    private struct PageQuery: Input {
        static let fields: [Field] = [
            .query("clip", optional: .id, "The clip to vote for afterwards."),
            .query("failed", optional: .choice(CaptchaRefusal.self), "Why the solution before was not taken."),
        ]

        let clip: ID<Clip>?
        let failed: String?
    }

    private var show: Route {
        Route(
            .get, "/tournament/captcha", "tournament.showCaptcha", "Shows a short check for people.", policy: .voter,
            limit: .per(.voter, "tournament.read", 120), budget: 0
        ) { [house, desk] (request: Request<PageQuery>) in
            let challenge = try await desk.challenge(
                for: house.voter(request.context).id, in: request.context.tenant)
            return CaptchaPage(
                desk.widget, challenge: challenge, clip: request.input.clip,
                failure: request.input.failed.flatMap(CaptchaRefusal.init)?.words
            ).page
        }
    }

    private struct Form: Input {
        static let fields: [Field] = [
            .body("cf-turnstile-response", optional: .text(0...CaptchaExpectation.tokenMax)),
            .body("proof", optional: .text(0...128)), .body("answer", optional: .text(0...16)),
            .body("clip", optional: .id),
        ]

        enum CodingKeys: String, CodingKey {
            case token = "cf-turnstile-response"
            case proof, answer, clip
        }

        let token: String?
        let proof: String?
        let answer: String?
        let clip: ID<Clip>?
    }

    private var submit: Route {
        Route(
            .post, "/tournament/captcha", "tournament.sendCaptcha", "Takes a solved captcha, by form.",
            policy: .voter, limit: Self.limit, budget: 0, accepts: .form, status: 303, failures: Self.failures
        ) { [house] (request: Request<Form>) in
            let input = request.input
            do {
                let (pass, cookie) = try await house.redeem(
                    input.token ?? input.proof ?? "", answer: input.answer ?? "", request.context)
                let word = pass.kind == .solved ? "solved" : "limited"
                let home = input.clip.map(Addresses.clip)
                return Redirect(to: home.map { "\($0)?said=\(word)" } ?? Addresses.feed, cookies: [cookie])
            } catch let error as TournamentError where error.code == .captchaFailed {
                let clip = input.clip.map { "&clip=\($0)" } ?? ""
                return Redirect(to: "\(Addresses.captcha)?failed=\(error.context["reason"] ?? "invalid")\(clip)")
            } catch let error as TournamentError {
                throw Problem(error)
            }
        }
    }
}

extension Playhouse {
    /// Takes a solution for whom a request comes from; one that was used before is held against them.
    func redeem(
        _ token: String, answer: String, _ context: RequestContext
    ) async throws -> (pass: CaptchaPass, cookie: Cookie) {
        let voter = try voter(context).id
        do {
            return try await fairness.captcha.redeem(token, answer: answer, by: voter, context)
        } catch let error as TournamentError {
            if error.context["reason"] == CaptchaRefusal.spent.rawValue {
                fairness.risk.noteReplay(by: voter, foreign: 0, repeated: 1)
            }
            throw error
        }
    }
}
