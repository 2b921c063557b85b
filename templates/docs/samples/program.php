<?php
// PHP 8.1 or newer, with the curl extension
const API = "https://shop.example/api/v1";
const KEY = "jm_…";
const PATIENCE = 120; // seconds to wait for an SMS

class Refused extends Exception
{
    public function __construct(public string $refusal, string $message)
    {
        parent::__construct("$refusal: $message");
    }
}

// Repeats until there is an answer, always with the same Idempotency-Key.
function call(string $method, string $path, array $body = []): array
{
    $options = [CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 30];
    $headers = ["Authorization: Bearer " . KEY];
    if ($method === "POST") {
        $headers[] = "Content-Type: application/json";
        $headers[] = "Idempotency-Key: " . bin2hex(random_bytes(16));
        $options[CURLOPT_POSTFIELDS] = json_encode((object) $body);
    }
    for ($attempt = 0; $attempt < 60; $attempt++) {
        $wait = 3;
        $curl = curl_init(API . $path);
        curl_setopt_array($curl, $options + [
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$wait) {
                if (preg_match('/^Retry-After: (\d+)/i', $line, $found)) {
                    $wait = (int) $found[1];
                }
                return strlen($line);
            },
        ]);
        $answer = json_decode((string) curl_exec($curl), true);
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        if ($answer["ok"] ?? false) {
            return $answer["data"];
        }
        if ($answer && !in_array($status, [409, 429, 500, 503])) {
            throw new Refused($answer["code"], $answer["message"]);
        }
        sleep($wait);
    }
    throw new Exception("no answer to $method $path");
}

// The order once an SMS is there, or patience is over.
function wait_for_sms(string $id): array
{
    $end = time() + PATIENCE;
    while (true) {
        $order = call("GET", "/orders/$id");
        if ($order["status"] !== "WAITING" || time() >= $end) {
            return $order;
        }
        sleep(3);
    }
}

// An SMS may come at the last moment; then the order keeps it.
function give_back(string $id): string
{
    try {
        return call("POST", "/orders/$id/cancel")["status"];
    } catch (Refused $error) {
        if ($error->refusal !== "CODE_RECEIVED") {
            throw $error;
        }
        return call("GET", "/orders/$id")["smsBody"];
    }
}

$order = call("POST", "/orders", ["service" => "tg", "country" => 7]);
echo "number $order[phone]\n";
$order = wait_for_sms($order["id"]);
if ($order["status"] === "WAITING") {
    echo "no code, ", give_back($order["id"]), "\n";
} else {
    echo "first $order[smsBody]\n";
    call("POST", "/orders/$order[id]/next-sms");
    echo "second ", wait_for_sms($order["id"])["smsBody"], "\n";
}
