import Web

/// The routes of captcha and fraud desk: one line where others are listed.
struct FairnessRoutes {
    let house: Playhouse

    var api: [Route] { FraudRoutes(house: house).routes + CaptchaRoutes(house: house).api }
    var pages: [Route] { FraudPageRoutes(house: house).routes + CaptchaRoutes(house: house).pages }
}
