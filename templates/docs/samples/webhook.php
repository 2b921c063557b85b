<?php
const SECRET = "whsec_…";

// Signed with our secret, and sent within the last five minutes.
function is_genuine(array $headers, string $body): bool
{
    $message = $headers["HTTP_WEBHOOK_ID"] ?? "";
    $sent = $headers["HTTP_WEBHOOK_TIMESTAMP"] ?? "";
    if (!ctype_digit($sent) || abs(time() - (int) $sent) > 300) {
        return false;
    }
    $key = base64_decode(substr(SECRET, strlen("whsec_")));
    $digest = hash_hmac("sha256", "$message.$sent.$body", $key, true);
    $expected = "v1," . base64_encode($digest);
    foreach (explode(" ", $headers["HTTP_WEBHOOK_SIGNATURE"] ?? "") as $each) {
        if (hash_equals($expected, $each)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents("php://input");
if (!is_genuine($_SERVER, $body)) {
    http_response_code(400);
    exit;
}
$event = json_decode($body, true);
error_log($event["type"] . " " . ($event["data"]["smsBody"] ?? "null"));
http_response_code(204);
