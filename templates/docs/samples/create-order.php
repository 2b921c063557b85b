<?php
$curl = curl_init("https://shop.example/api/v1/orders");
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => [
        "Authorization: Bearer jm_…",
        "Content-Type: application/json",
        "Idempotency-Key: " . bin2hex(random_bytes(16)),
    ],
    CURLOPT_POSTFIELDS => '{"service": "tg", "country": 7}',
    CURLOPT_RETURNTRANSFER => true,
]);
$order = json_decode(curl_exec($curl), true)["data"];
echo $order["id"], " ", $order["phone"], "\n";
