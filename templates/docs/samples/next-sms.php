<?php
$curl = curl_init("https://shop.example/api/v1/orders/c…/next-sms");
curl_setopt_array($curl, [
    CURLOPT_HTTPHEADER => ["Authorization: Bearer jm_…"],
    CURLOPT_POSTFIELDS => "",
    CURLOPT_RETURNTRANSFER => true,
]);
$data = json_decode(curl_exec($curl), true)["data"];
echo $data["status"], "\n";
