import Base
import Testing

@testable import CoordinationRedis

@Suite struct AddressTests {
    @Test func `an address names servers, user, password and database`() throws {
        let address = try RedisAddress("rediss://us%40er:p%3Aw@redis.internal:7000/3, 10.0.0.2:7001,rediss://[::1]")
        #expect(
            address.seeds == [
                RedisEndpoint(host: "redis.internal", port: 7_000), RedisEndpoint(host: "10.0.0.2", port: 7_001),
                RedisEndpoint(host: "::1", port: 6_379),
            ])
        #expect(address.isEncrypted)
        #expect(address.user == "us@er")
        #expect(address.password?.reveal { $0 } == "p:w")
        #expect(address.database == 3)
        #expect(address.description == "rediss://redis.internal:7000,10.0.0.2:7001,[::1]:6379")
    }

    @Test(arguments: [
        "", "http://a", "redis://", "redis://a:0", "redis://a:70000", "redis://a/x", "redis://a/-1", "redis://a?b=c",
        "redis://a,rediss://b", "redis://a:secret@b c",
    ])
    func `what is no address is refused without being quoted`(text: String) {
        do throws(RedisError) {
            _ = try RedisAddress(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.code == .setup)
            #expect(!error.debugDescription.contains("secret"))
        }
    }

    @Test func `options have ranges`() {
        var options = RedisOptions()
        #expect(options.contradiction == nil)
        options.commandTimeout = .milliseconds(9)
        #expect(options.contradiction != nil)
        options = RedisOptions()
        for prefix in ["", "a b", "a:b", "ü", String(repeating: "a", count: 65)] {
            options.prefix = prefix
            #expect(options.contradiction != nil, "\(prefix)")
        }
    }
}
