<?php
$curl = curl_init("https://shop.example/api/v1/services");
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => ["Authorization: Bearer jm_…"],
    CURLOPT_RETURNTRANSFER => true,
]);
$data = json_decode(curl_exec($curl), true)["data"];
foreach ($data["items"] as $service) {
    echo "$service[code] $service[name] $service[minCostUsd]\n";
}
