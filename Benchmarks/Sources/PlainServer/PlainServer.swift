import Hummingbird

/// The peer of every benchmark over HTTP: Hummingbird alone, which answers with a small JSON document; and a vendor.
///
/// Usage: `PlainServer PORT`.
@main
struct PlainServer {
    struct Item: ResponseCodable {
        var id: Int
        var title: String
        var votes: Int
    }

    static func main() async throws {
        let port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 8_081
        let router = Router()
        router.get("/item") { _, _ in Item(id: 42, title: "The Lighthouse", votes: 1_234) }
        router.get("/v1/tiktok/search/keyword") { request, _ in
            let query = request.uri.queryParameters
            let page = PlainVendor.page(
                of: query["query"].map(String.init) ?? "", from: query["cursor"].flatMap { Int(String($0)) } ?? 0)
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: .init(string: page)))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
        try await application.runService()
    }
}
