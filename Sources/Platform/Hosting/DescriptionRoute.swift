import Foundation
public import Web

/// The description of the whole API, made once from the declarations.
enum DescriptionRoute {
    private struct Description: Answerable {
        static let content = Content(mediaType: "application/json", shape: .any)

        let bytes: ReadyBytes

        func answer(in context: RequestContext) -> Answer {
            Bytes(bytes, mediaType: "application/json").answer(in: context)
        }
    }

    /// The route; what it describes is everything that was mounted before it.
    static func route(describing routes: [Route]) -> Route {
        let document = OpenAPI.document(routes, title: "Capstan", version: "1")
        let description = Description(bytes: ReadyBytes(document.json.utf8))
        return Route(
            .get, "/openapi.json", "hosting.describe", "Describes this API (OpenAPI 3.1).", policy: .anyone,
            limit: .exempt(because: "The answer is made once, and clients keep it."), budget: 0,
            cache: .publicFor(.seconds(60), staleWhileRevalidate: .seconds(600))
        ) { (_: Request<NoInput>) in description }
    }
}

extension PageBundle {
    /// The operator's console.
    public static var console: PageBundle {
        PageBundle("console", folder: Bundle.module.bundleURL.appendingPathComponent("Resources"))
    }
}
