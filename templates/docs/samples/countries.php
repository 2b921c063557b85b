<?php
$curl = curl_init("https://shop.example/api/v1/countries");
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => ["Authorization: Bearer jm_…"],
    CURLOPT_RETURNTRANSFER => true,
]);
$data = json_decode(curl_exec($curl), true)["data"];
foreach ($data["items"] as $country) {
    echo "$country[id] $country[name]\n";
}
