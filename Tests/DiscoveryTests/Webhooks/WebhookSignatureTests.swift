import Base
import Crypto
import Foundation
import Testing

@testable import Discovery

/// A body with everything that a JSON layer would write otherwise: order, spacing, escapes, a float, a last newline.
let awkwardBody = Array(
    "{\"id\":\"evt_1\" , \"type\":\"customer.subscription.updated\",\"n\":1.0,\"t\":\"\\u00e9 é \\/\"}\n".utf8)

@Suite struct WebhookSignatureTests {
    private let now = Timestamp(microseconds: 1_767_225_600_000_000)
    private var time: Int64 { now.seconds }

    private func stripe(_ secret: String, at time: Int64, over body: [UInt8] = awkwardBody) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(time).".utf8) + body, using: SymmetricKey(data: Data(secret.utf8)))
        return code.map { String(format: "%02x", $0) }.joined()
    }

    private func check(_ header: String?, secrets: [String] = ["whsec_one"], body: [UInt8] = awkwardBody)
        -> WebhookSignature.Fault?
    {
        do throws(WebhookSignature.Fault) {
            try WebhookSignature.checkStripe(header, over: body, secrets: secrets.map { Secret($0) }, at: now)
            return nil
        } catch { return error }
    }

    @Test func `Stripe's secret is used as it is, over the bytes as they came`() {
        let right = stripe("whsec_one", at: time)
        #expect(check("t=\(time),v1=\(right)") == nil)
        #expect(check("t=\(time),v0=\(right),v1=\(stripe("whsec_two", at: time)),v1=\(right)") == nil)
        #expect(check("t=\(time),v1=\(right)", secrets: ["whsec_new", "whsec_one"]) == nil)
        #expect(check("t=\(time),v0=\(right)") == .headerUnreadable)
        #expect(check("t=\(time),v1=\(right)", secrets: ["whsec_two"]) == .mismatch)
        #expect(check("t=\(time),v1=\(right)", body: Array(awkwardBody.dropLast())) == .mismatch)
        #expect(check("t=\(time),v1=\(right)", secrets: []) == .noSecret)
        #expect(check(nil) == .headerMissing && check("nonsense") == .headerUnreadable)
    }

    @Test func `a delivery of five minutes is taken, a second more in either direction is not`() {
        for (shift, fault) in [(299, nil), (300, nil), (301, .tooOld), (-300, nil), (-301, .tooNew)]
            as [(Int64, WebhookSignature.Fault?)]
        {
            let then = time - shift
            #expect(check("t=\(then),v1=\(stripe("whsec_one", at: then))") == fault, "\(shift)")
        }
    }

    @Test func `Svix's secret is decoded and its list is split at spaces`() throws {
        let raw = Array("a key of our own".utf8)
        let secret = "whsec_" + Data(raw).base64EncodedString()
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("msg_1.\(time).".utf8) + awkwardBody, using: SymmetricKey(data: Data(raw)))
        let right = "v1," + Data(code).base64EncodedString()
        func check(_ header: String?, id: String? = "msg_1", _ secret: String) -> WebhookSignature.Fault? {
            do throws(WebhookSignature.Fault) {
                try WebhookSignature.checkSvix(
                    id: id, timestamp: "\(time)", header, over: awkwardBody, secrets: [Secret(secret)], at: now)
                return nil
            } catch { return error }
        }
        #expect(check(right, secret) == nil)
        #expect(check("v2,AAAA v1,AAAA \(right)", secret) == nil)
        #expect(check("v2,AAAA", secret) == .headerUnreadable)
        #expect(check(right, id: "msg_2", secret) == .mismatch)
        #expect(check(right, id: nil, secret) == .headerMissing)
        #expect(check(right, "whsec_" + Data("another".utf8).base64EncodedString()) == .mismatch)
    }
}
